"""Which versions are served, whatever lies in their folder."""

import asyncio
import os
import shutil

import pytest

from latent_xlate.serving import bundle
from latent_xlate.serving.server.metrics import Metrics
from latent_xlate.serving.server.versions import ModelVersions
from tests.support import served_odd


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    model = tmp_path_factory.mktemp("model") / "1"
    served_odd.write_odd_model(model)
    return model


@pytest.fixture
def base(model, tmp_path):
    base = tmp_path / "translator"
    shutil.copytree(model, base / "1")
    return base


@pytest.fixture
def versions(base):
    made = ModelVersions("translator", base, Metrics())
    asyncio.run(made.refresh())
    assert made.available == [1]
    return made


def refreshed(versions):
    asyncio.run(versions.refresh())
    return versions.available


def error(versions, number):
    (status,) = versions.status(number).model_version_status
    return status.status.error_message


def test_link_to_nothing_or_to_itself_does_not_stop_the_refreshing(base, versions, model):
    (base / "1" / "nothing").symlink_to("none")
    (base / "1" / "itself").symlink_to("itself")
    (base / "3").symlink_to("none")
    (base / "4").symlink_to("4")
    assert refreshed(versions) == [1]
    shutil.copytree(model, base / "2")
    assert refreshed(versions) == [2]


def test_damaged_version_is_refused_until_it_is_whole(base, versions, model):
    shutil.copytree(model, base / "2")
    (base / "2" / "saved_model.pb").write_bytes(b"damaged")
    assert refreshed(versions) == [1]
    assert "damaged" in error(versions, 2)
    shutil.copyfile(model / "saved_model.pb", base / "2" / "saved_model.pb")
    assert refreshed(versions) == [2]


def test_version_with_a_pipe_is_refused_and_the_others_are_served(base, versions, model):
    shutil.copytree(model, base / "3")
    os.mkfifo(base / "3" / "variables" / "pipe")
    assert refreshed(versions) == [1]
    assert error(versions, 3) == "The SavedModel has 'pipe', which is neither a file nor a folder."
    shutil.rmtree(base / "3")
    shutil.copytree(model, base / "2")
    assert refreshed(versions) == [2]


@pytest.mark.parametrize("name", ["01", "٣", str(10**30), "-2", "2 "])
def test_folder_that_is_no_number_of_a_version_is_left_alone(base, versions, model, name):
    shutil.copytree(model, base / name)
    assert refreshed(versions) == [1]
    assert len(versions.status().model_version_status) == 1


def test_version_that_is_deleted_while_it_is_served_stays_until_there_is_another(base, versions, model):
    shutil.rmtree(base / "1")
    assert refreshed(versions) == [1]
    assert versions.get("translator").signature("").name == "serving_default"
    shutil.copytree(model, base / "2")
    assert refreshed(versions) == [2]


@pytest.mark.parametrize("damage", ["folder", "words", "bytes", "a link to itself", "no folder of versions"])
def test_what_is_served_stays_while_the_configuration_cannot_be_read(base, versions, model, damage, caplog):
    config = base.parent / bundle.MODELS_CONFIG
    if damage == "folder":
        config.mkdir()
    elif damage == "a link to itself":
        config.symlink_to(config)
    elif damage == "no folder of versions":
        base.rename(base.parent / "elsewhere")
    else:
        config.write_bytes(b"garbage {" if damage == "words" else b"\xff\xfe\x00")

    async def watch():
        watching = asyncio.create_task(versions.watch(0.01))
        await asyncio.sleep(0.2)
        assert not watching.done()
        watching.cancel()

    with caplog.at_level("ERROR"):
        asyncio.run(watch())
    assert versions.available == [1]
    assert [record.message.count("stays as it is") for record in caplog.records] == [1], "It is said once."
