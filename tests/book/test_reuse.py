"""What others need to cite and reuse the course: forms that machines read, and their agreement."""

import jsonschema
import pytest
import yaml

from tlhelpers import __version__
from tlhelpers.errors import repo_root

ROOT = repo_root()
TEXT = {"type": "string", "minLength": 1}
# The parts of the schema of cff-version 1.2.0 that a work of this kind may have.
CITATION = {
    "type": "object",
    "required": ["authors", "cff-version", "message", "title"],
    "additionalProperties": False,
    "properties": {
        "abstract": TEXT,
        "authors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {"name": TEXT, "website": TEXT},
            },
        },
        "cff-version": {"const": "1.2.0"},
        "date-released": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
        "keywords": {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True},
        "license": {"type": "array", "items": {"enum": ["MIT", "CC-BY-4.0"]}, "uniqueItems": True},
        "message": TEXT,
        "title": TEXT,
        "type": {"enum": ["software", "dataset"]},
        "url": TEXT,
        "version": TEXT,
    },
}
# A form for issues as GitHub reads it.
FIELD = {
    "type": "object",
    "required": ["type", "attributes"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["textarea", "input", "markdown", "dropdown", "checkboxes"]},
        "id": {"type": "string", "pattern": "^[a-zA-Z0-9_-]+$"},
        "attributes": {"type": "object", "required": ["label"]},
        "validations": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"required": {"type": "boolean"}},
        },
    },
}
FORM = {
    "type": "object",
    "required": ["name", "description", "body"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "description": TEXT,
        "labels": {"type": "array", "items": TEXT},
        "body": {"type": "array", "minItems": 1, "items": FIELD},
    },
}
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_citation_is_one_and_names_this_version():
    citation = read(ROOT / "CITATION.cff")
    jsonschema.validate(citation, CITATION)
    assert citation["version"] == __version__
    assert f"version {__version__}." in (ROOT / "README.md").read_text(encoding="utf-8")
    assert citation["authors"] == [{"name": "The authors of Transfer Learning, Measured"}]


def test_a_wrong_citation_is_refused():
    citation = read(ROOT / "CITATION.cff")
    for wrong in ({"authors": []}, {"license": ["CC-BY"]}, {"doi-of-it": "x"}, {"title": ""}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(citation | wrong, CITATION)


def test_code_and_prose_have_a_licence_each_and_the_readme_says_so():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, part in (("LICENSE", "MIT License"), ("LICENSE-CC-BY-4.0", "Section 8 -- Interp")):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert part in text and "The authors of Transfer Learning, Measured" in text
        assert f"]({name})" in readme
    for name in ("CITATION.cff", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md"):
        assert (ROOT / name).exists() and f"]({name})" in readme


@pytest.mark.parametrize("path", FORMS, ids=[path.stem for path in FORMS])
def test_a_form_for_issues_is_one(path):
    form = read(path)
    jsonschema.validate(form, FORM)
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)


def test_there_is_a_form_for_faults_lessons_and_ideas():
    assert [path.stem for path in FORMS] == ["fault", "idea", "lesson"]
    config = read(ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml")
    assert config == {"blank_issues_enabled": True}


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")),
                         ids=lambda path: path.stem)  # fmt: skip
def test_a_workflow_uses_the_hosts_own_actions_with_few_rights(path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert {"runs-on", "steps"} <= set(job)
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert step.get("uses", "actions/").startswith("actions/")


def test_the_book_is_made_by_the_command_that_the_readme_names():
    workflow = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    assert "python3 -m tlhelpers book" in workflow
    assert "`python3 -m tlhelpers book`" in (ROOT / "README.md").read_text(encoding="utf-8")
