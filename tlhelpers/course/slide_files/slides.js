// What is too high for its slide becomes smaller, down to six tenths; what is higher still scrolls.
const WIDTH = 1280, HEIGHT = 720, MARGIN = 46, SMALLEST = 0.6;

function fit(section) {
  const inner = document.createElement("div");
  inner.className = "fit";
  inner.append(...section.childNodes);
  section.append(inner);
  const high = HEIGHT - 2 * MARGIN, wide = WIDTH - 2 * MARGIN;
  let scale = 1;
  for (; scale >= SMALLEST - 1e-9; scale -= 0.05) {
    inner.style.width = `${wide / scale}px`;
    if (inner.scrollHeight * scale <= high && inner.scrollWidth * scale <= wide + 1) break;
  }
  scale = Math.max(scale, SMALLEST);
  inner.style.width = `${wide / scale}px`;
  inner.style.transform = `scale(${scale})`;
  section.dataset.scale = scale.toFixed(2);
  section.classList.toggle("scrolls", inner.scrollHeight * scale > high + 1);
  section.style.boxSizing = "border-box";
  section.style.padding = `${MARGIN}px`;
}

async function start() {
  const slides = document.querySelector(".slides");
  slides.querySelectorAll(".jp-OutputArea table").forEach((one) => one.removeAttribute("border"));
  await Promise.all([...document.images].map((one) => one.decode().catch(() => null)));
  document.body.classList.add("measuring");
  slides.style.width = `${WIDTH}px`;
  slides.querySelectorAll(":scope > section > section").forEach(fit);
  document.body.classList.remove("measuring");
  Reveal.initialize({
    width: WIDTH, height: HEIGHT, margin: 0, center: false, hash: true, controls: true, progress: true,
    slideNumber: "c/t", transition: "none", backgroundTransition: "none", plugins: [RevealNotes],
  });
}

start();
