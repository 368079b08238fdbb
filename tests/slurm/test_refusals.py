import pytest

from slurm.refusals import refusal

ASSOCIATION = "Invalid account or account/partition combination specified"
LIMIT = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
FULL = "Slurm temporarily unable to accept job, sleeping and retrying"


@pytest.mark.parametrize("form", ["sbatch: error: Batch job submission failed: {}", "{}"])
@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("Invalid partition name specified", "partition"),
        ("User's group not permitted to use this partition", "partition"),
        (ASSOCIATION, "account"),
        ("Invalid qos specification", "qos"),
        (LIMIT, "jobs"),
        ("Requested time limit is invalid (missing or exceeds some limit)", "time"),
        ("Invalid job array specification", "jobs"),
        ("Memory specification can not be satisfied", "memory"),
        ("More processors requested than permitted", "cores"),
        ("Requested node configuration is not available", "cores"),
        ("Node count specification invalid", "cores"),
        ("Invalid feature specification", "constraint"),
        ("Requested reservation is invalid", "reservation"),
        ("Invalid generic resource (gres) specification", "extra"),
        ("Invalid license specification", "extra"),
        ("Resource temporarily unavailable", "jobs"),
    ],
)
def test_what_is_at_fault(said, first, form):
    banner = "*** see our wiki ***"
    for text in (form.format(said), f"{banner}\n{form.format(said)}\n{banner}"):
        found = refusal(text)
        assert found.fields[0] == first
        assert found.said == said
        assert found.advice


def test_the_limit_itself_is_named_before_the_general_words():
    found = refusal(f"sbatch: error: AssocMaxSubmitJobLimit\nallocation failure: {LIMIT}")
    assert found.said == "AssocMaxSubmitJobLimit"
    assert found.fields == ("jobs", "account", "qos")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello\nsbatch: error: Something new\nbye", "Something new"),
        ("allocation failure: Something new", "Something new"),
        ("Something else", "Something else"),
        ("", "it said nothing"),
    ],
)
def test_words_that_are_not_known(text, said):
    found = refusal(text)
    assert (found.fields, found.said) == ((), said)
