# The course with the CPU build of torch, about 3 GB:
#   docker build -t transfer-learning .
#   docker run --rm -it --init -p 127.0.0.1:8888:8888 -v transfer-learning:/course/work transfer-learning
# Your notebooks lie in the volume "transfer-learning" and outlive the container.
FROM python:3.12-slim-bookworm

RUN useradd --create-home learner \
 && mkdir -p /course/work \
 && chown -R learner:learner /course
WORKDIR /course
USER learner

# First what the environment depends on, so that a changed lesson does not fetch torch again.
COPY --chown=learner:learner requirements.txt constraints.txt ./
COPY --chown=learner:learner data/packages.txt data/
COPY --chown=learner:learner tlhelpers/__init__.py tlhelpers/__main__.py tlhelpers/errors.py tlhelpers/
COPY --chown=learner:learner tlhelpers/setup/ tlhelpers/setup/
RUN PIP_NO_CACHE_DIR=1 python3 -m tlhelpers fetch --torch cpu
COPY --chown=learner:learner . .

EXPOSE 8888
# 0.0.0.0 is the container's address; the port above is published to this machine alone.
CMD ["python3", "-m", "tlhelpers", "lab", "--no-browser", "--ip", "0.0.0.0", "--port", "8888"]
