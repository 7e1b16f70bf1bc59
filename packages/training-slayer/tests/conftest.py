"""What the tests share: their folder, and the recordings of N-MNIST where they are."""

import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
collect_ignore = ["scripts"]  # which tests run
RECORDINGS = Path("shared", "data", "nmnist-small.tar.xz")


@pytest.fixture(scope="session")
def n_mnist(tmp_path_factory):
    """Return a folder with some of the recordings of N-MNIST, a list of samples, and a file of wanted spikes."""
    archive = next((found for folder in Path(__file__).parents if (found := folder / RECORDINGS).is_file()), None)
    if archive is None:
        pytest.skip(f"no folder above has {RECORDINGS}")
    folder = tmp_path_factory.mktemp("recordings")
    wanted = {"train1K.txt", "Desired_10_60/3.bsn", *(f"{number}.bs2" for number in range(1, 13))}
    with tarfile.open(archive) as opened:
        for member in opened:
            name = member.name.partition("/")[2]
            if name in wanted and (stream := opened.extractfile(member)):
                path = folder / Path(name).name
                path.write_bytes(stream.read())
    return folder
