import json
import re

import numpy as np
import pytest

from latent_xlate import domain_report
from latent_xlate.data import stored
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.domain import Domain
from latent_xlate.packaging import domain_making
from tests.support import raw

pytestmark = pytest.mark.long

SAID = {
    "variance that reconstructions keep": 0.9,
    "sharpness of reconstructions": 0.9,
    "accuracy of the judge": 0.95,
    "accuracy on reconstructions": 0.95,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a domain of pictures of two classes, trained for an epoch."""
    folder = tmp_path_factory.mktemp("made")
    raw.write_image_folder(folder / "raw", digits_like(60, 2, image_size=16))
    out = folder / "out"
    domain_making.make_image_domain("bars", folder / "raw", out, out / "runs", epochs=1)
    return out


def test_domain_from_a_folder_is_as_its_pictures_are_and_all_lies_in_its_folder(made):
    domain = Domain.load(made)
    assert domain.data_shape == (16, 16, 1)
    assert (domain.modality.invert, domain.modality.framing) == ("never", "letterbox")
    assert domain.class_names == ("0", "1")
    assert sorted(path.name for path in made.parent.iterdir()) == ["out", "raw"]
    assert sorted(path.name for path in (made / "runs").iterdir()) == ["classifier", "data", "vae"]
    assert stored.prepared_datasets(made / "runs" / "data") == ["bars"]


def test_domain_can_be_made_again_in_the_same_folder(made):
    before = {path.name: path.read_bytes() for path in made.iterdir() if path.is_file()}
    raw_dir = made.parent / "raw"
    domain_making.make_image_domain("bars", raw_dir, made, made / "runs", epochs=1)
    after = {path.name: path.read_bytes() for path in made.iterdir() if path.is_file()}
    assert {name: content for name, content in after.items() if name in before} == before


def test_report_says_what_the_judge_says(made):
    domain, data_dir = Domain.load(made), str(made / "runs" / "data")
    summary = str(domain_report.write_report(domain, made, data_dir))
    test = domain.load_data("test", data_dir)
    x = test.floats
    share = np.mean(np.argmax(domain.classify(x), axis=1) == test.labels)
    kept = np.mean(np.argmax(domain.classify(domain.decode(domain.encode(x)[0])), axis=1) == test.labels)
    page = (made / "report.html").read_text()
    for text in (f"{share:.3g}", f"{kept:.3g}"):
        assert text in summary
        assert f"<td>{text}</td>" in page
    for name in ("reconstructions", "samples", "neighbours", "confusion"):
        assert f'src="report/{name}.png"' in page
        assert (made / "report" / f"{name}.png").stat().st_size > 1000
    assert f"On {len(test)} held-out pictures" in summary
    assert json.loads((made / "domain.json").read_text())["config"]["name"] == "bars"


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ({}, ["good enough for a bridge"]),
        ({"accuracy of the judge": 0.6, "accuracy on reconstructions": 0.6}, ["recognises 60%.* takes b for a"]),
        ({"accuracy on reconstructions": 0.7}, ["70% of the reconstructions"]),
        ({"sharpness of reconstructions": 0.3}, ["blurred: their contrast is 30%"]),
        ({"variance that reconstructions keep": -0.4, "sharpness of reconstructions": 9.0}, ["unlike .* keep -40%"]),
        (
            {"accuracy of the judge": 0.5, "sharpness of reconstructions": 0.1, "accuracy on reconstructions": 0.2},
            ["recognises 50%", "20% of the reconstructions", "contrast is 10%"],
        ),
    ],
)
def test_verdict_names_each_fault_with_a_way_out(numbers, expected):
    confusion = np.array([[9, 1], [4, 6]])
    sentences = domain_report.verdict(SAID | numbers, confusion, ["a", "b"])
    assert len(sentences) == len(expected)
    for sentence, pattern in zip(sentences, expected, strict=True):
        assert re.search(pattern, sentence)


def test_shapeless_samples_are_remarked_on_with_the_numbers():
    (said,) = domain_report.prior_remark(0.12, 0.78)
    assert "sure (0.9 or more) of the class of 12% of random samples, and of 78% of the reconstructions" in said
    assert domain_report.prior_remark(0.69, 0.99) == []
    assert domain_report.prior_remark(0.0, 0.0) == []
