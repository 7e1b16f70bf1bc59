"""How right SLAYER's trainer becomes on N-MNIST small, and what an epoch takes, over seeds.

    python benchmarks/nmnist.py FOLDER [--layers 34x34x2,512,10] [--neurons response] [--epochs 5] [--seeds 3]

FOLDER holds train1K.txt, test100.txt and the recordings (.bs2) that they list: 1,000 to learn from, 100 to test with.
One thread; seconds are of the processor. The test recordings choose nothing: accuracies are of every epoch.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings

import snn
import torch
from snn.errors import ConversionWarning
from snn.progress import EpochProgress, Progress

SIMULATE = {"input": "events", "event_height": "one", "event_step_us": 1000.0}


def trained(folder: str, seed: int, trainer: dict[str, object]) -> list[tuple[float, float]]:
    """Return the accuracy and the seconds of each epoch."""
    found: list[tuple[float, float]] = []
    begin = [time.process_time()]

    def tell(step: Progress) -> None:
        if isinstance(step, EpochProgress) and step.validation_accuracy is not None:
            found.append((step.validation_accuracy, time.process_time() - begin[0]))
            begin[0] = time.process_time()
        elif not found and step.stage == "train" and not step.total:
            begin[0] = time.process_time()

    snn.train(
        f"{folder}/train1K.txt",
        validate=f"{folder}/test100.txt",
        trainer="slayer",
        duration_ms=300,
        dt_ms=1,
        seed=seed,
        settings={"simulate": SIMULATE, "trainer": {"slayer": trainer}},
        tell=tell,
    )
    return found


def main() -> None:
    """Print a row a seed, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--layers", default="34x34x2,512,10", help="with commas between them")
    parser.add_argument("--neurons", default="response")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConversionWarning)  # of 0.2 % of the events, which come after 300 ms
    trainer: dict[str, object] = {
        "layers": given.layers.split(","), "neurons": given.neurons, "epochs": given.epochs, "keep": "last",
    }  # fmt: skip
    print(f"{given.layers}, {given.neurons} neurons: % of the test recordings right after each epoch; s an epoch")
    last, seconds = [], []
    for seed in range(given.seeds):
        rows = trained(given.folder, seed, trainer)
        last.append(100 * rows[-1][0])
        seconds += [took for _, took in rows]
        told = " ".join(f"{100 * accuracy:6.1f}" for accuracy, _ in rows)
        print(f"seed {seed}: {told}   {statistics.median(took for _, took in rows):6.1f} s", flush=True)
    print(f"mean after epoch {given.epochs}: {statistics.mean(last):.1f} %; median {statistics.median(seconds):.1f} s")


if __name__ == "__main__":
    main()
