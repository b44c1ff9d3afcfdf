"""Cards of public sets that lie in folders: challenges, Cellpose, StarDist, BBBC, CellBinDB.

Numbers stand only where the publisher or the paper gives them; checksums of files that never
change (a Zenodo record, a release) are those that torch-em and others record for them.
"""

from typing import Final

from workbench.datasets._card_values import Card, Download

_ZENODO_NEURIPS: Final = "https://zenodo.org/records/10719375/files"
_BBBC: Final = "https://data.broadinstitute.org/bbbc"
_CTC: Final = "https://data.celltrackingchallenge.net/training-datasets"
_CTC_2D: Final = (
    "BF-C2DL-HSC", "BF-C2DL-MuSC", "DIC-C2DH-HeLa", "Fluo-C2DL-Huh7", "Fluo-C2DL-MSC",
    "Fluo-N2DH-GOWT1", "Fluo-N2DH-SIM+", "Fluo-N2DL-HeLa", "PhC-C2DH-U373", "PhC-C2DL-PSC",
)  # fmt: skip

_NEURIPS: Final = Card(
    name="neurips_cellseg",
    title="NeurIPS 2022 Cell Segmentation challenge",
    layout="neurips_cellseg",
    task="whole cells",
    modality="brightfield, fluorescence, phase contrast, differential interference contrast",
    n_images=None,
    n_cells=None,
    size="",
    licence="CC BY-NC-ND",
    citation="J. Ma et al., Nat. Methods 21:1103, 2024, doi:10.1038/s41592-024-02233-6",
    address="https://neurips22-cellseg.grand-challenge.org/dataset/",
    how_to_obtain="Brings the labelled images for training, tuning and testing, over 1,500 by the "
    "paper; the unlabelled ones are left on the server.",
    downloads=(
        Download(
            f"{_ZENODO_NEURIPS}/Training-labeled.zip",
            "Training-labeled.zip",
            "b2383929eb8e99b2716fa0d4e2f6e03983e626a57cf00fe85175869c54aa3592",
            ".",
        ),
        Download(
            f"{_ZENODO_NEURIPS}/Tuning.zip",
            "Tuning.zip",
            "849423d36bb8fcc2d91a5b189a3b6d93c3d4071c9701eaaa44ba393a510459c4",
            ".",
        ),
        Download(
            f"{_ZENODO_NEURIPS}/Testing.zip",
            "Testing.zip",
            "3379730221f43830d30fddf131750e967c9c9bdf04f98811e852a050eb659ccc",
            ".",
        ),
    ),
)

_DSB2018: Final = Card(
    name="dsb2018",
    title="Data Science Bowl 2018 (BBBC038)",
    layout="dsb2018",
    task="nuclei",
    modality="fluorescence, brightfield, H&E",
    n_images=None,
    n_cells=None,
    size="",
    licence="CC0",
    citation="J. C. Caicedo et al., Nat. Methods 16:1247, 2019, doi:10.1038/s41592-019-0612-7",
    address="https://bbbc.broadinstitute.org/BBBC038",
    how_to_obtain="Brings both stages with the truth of their test images, from the Broad "
    "Institute; no account is needed there.",
    downloads=(
        Download(f"{_BBBC}/BBBC038/stage1_train.zip", "stage1_train.zip", "", "stage1_train"),
        Download(f"{_BBBC}/BBBC038/stage1_test.zip", "stage1_test.zip", "", "stage1_test"),
        Download(f"{_BBBC}/BBBC038/stage1_solution.csv", "stage1_solution.csv", ""),
        Download(
            f"{_BBBC}/BBBC038/stage2_test_final.zip",
            "stage2_test_final.zip",
            "",
            "stage2_test_final",
        ),
        Download(f"{_BBBC}/BBBC038/stage2_solution_final.csv", "stage2_solution_final.csv", ""),
    ),
)

_STARDIST: Final = Card(
    name="stardist",
    title="Data Science Bowl 2018, fluorescence subset of StarDist",
    layout="stardist",
    task="nuclei",
    modality="fluorescence",
    n_images=497,
    n_cells=None,
    size="",
    licence="CC0, as BBBC038 of which it is a part",
    citation="U. Schmidt et al., MICCAI 2018, doi:10.1007/978-3-030-00934-2_30; "
    "J. C. Caicedo et al., Nat. Methods 16:1247, 2019, doi:10.1038/s41592-019-0612-7",
    address="https://github.com/stardist/stardist/releases/tag/0.1.0",
    how_to_obtain="Brings 447 images for training and 50 for testing.",
    downloads=(
        Download(
            "https://github.com/stardist/stardist/releases/download/0.1.0/dsb2018.zip",
            "dsb2018.zip",
            "e44921950edce378063aa4457e625581ba35b4c2dbd9a07c19d48900129f386f",
            ".",
        ),
    ),
)

_CELLPOSE: Final = Card(
    name="cellpose",
    title="Cellpose",
    layout="cellpose",
    task="whole cells",
    modality="fluorescence, brightfield, and pictures of other repeated objects",
    n_images=None,
    n_cells=None,
    size="",
    licence="HHMI's own terms: non-commercial, for education and research",
    citation="C. Stringer et al., Nat. Methods 18:100, 2021, doi:10.1038/s41592-020-01018-x",
    address="https://www.cellpose.org/dataset",
    how_to_obtain="Accept the terms on its page, download train.zip and test.zip (and "
    "train_cyto2.zip), and unpack them side by side into one folder.",
)

_BBBC039: Final = Card(
    name="bbbc039",
    title="BBBC039, nuclei of U2OS cells in a chemical screen",
    layout="bbbc039",
    task="nuclei",
    modality="fluorescence",
    n_images=200,
    n_cells=23_165,
    size="81 MB",
    licence="CC0",
    citation="J. C. Caicedo et al., Cytometry A 95:952, 2019, doi:10.1002/cyto.a.23863; "
    "V. Ljosa et al., Nat. Methods 9:637, 2012, doi:10.1038/nmeth.2083",
    address="https://bbbc.broadinstitute.org/BBBC039",
    how_to_obtain="Brings images, masks and the published splits: 100 images for training, 50 for "
    "validation, 50 for testing.",
    downloads=(
        Download(f"{_BBBC}/BBBC039/images.zip", "images.zip", "", "."),
        Download(f"{_BBBC}/BBBC039/masks.zip", "masks.zip", "", "."),
        Download(
            f"{_BBBC}/BBBC039/metadata.zip",
            "metadata.zip",
            "a2c1f900bed9ba92a99553efd4c2ae98598433691c7401d818653ab61110deb2",
            ".",
        ),
    ),
)

_BBBC006: Final = Card(
    name="bbbc006",
    title="BBBC006, U2OS cells through focus",
    layout="bbbc006",
    task="nuclei",
    modality="fluorescence",
    n_images=768,
    n_cells=None,
    size="",
    licence="not stated",
    citation="V. Ljosa et al., Nat. Methods 9:637, 2012, doi:10.1038/nmeth.2083",
    address="https://bbbc.broadinstitute.org/BBBC006",
    how_to_obtain="Brings the focal plane in focus (16) and the labels, which a program made.",
    downloads=(
        Download(
            f"{_BBBC}/BBBC006/BBBC006_v1_images_z_16.zip", "BBBC006_v1_images_z_16.zip", "", "."
        ),
        Download(f"{_BBBC}/BBBC006/BBBC006_v1_labels.zip", "BBBC006_v1_labels.zip", "", "."),
    ),
)

_CTC_CARD: Final = Card(
    name="ctc",
    title="Cell Tracking Challenge, 2D training sets",
    layout="ctc",
    task="nuclei and whole cells",
    modality="fluorescence, phase contrast, differential interference contrast, brightfield",
    n_images=None,
    n_cells=None,
    size="",
    licence="conditions of use on the page of each set; the papers must be cited",
    citation="V. Ulman et al., Nat. Methods 14:1141, 2017, doi:10.1038/nmeth.4473; "
    "M. Maška et al., Nat. Methods 20:1010, 2023, doi:10.1038/s41592-023-01879-y",
    address="https://celltrackingchallenge.net/2d-datasets/",
    how_to_obtain="Brings the ten 2D training sets with gold and, where there is one, silver "
    "truth.",
    downloads=tuple(
        Download(f"{_CTC}/{name.replace('+', '%2B')}.zip", f"{name}.zip", "", ".")
        for name in _CTC_2D
    ),
)

_CELLBINDB: Final = Card(
    name="cellbindb",
    title="CellBinDB",
    layout="cellbindb",
    task="nuclei and whole cells",
    modality="fluorescence (DAPI, ssDNA, mIF), H&E",
    n_images=1_044,
    n_cells=109_083,
    size="286 MB",
    licence="CC0; parts have licences of their own, see mixed_licenses.txt in the archive",
    citation="C. Shi et al., GigaScience 14:giaf069, 2025, doi:10.1093/gigascience/giaf069",
    address="https://zenodo.org/records/15370205",
    how_to_obtain="Brings all images with masks and instance masks.",
    downloads=(
        Download(
            "https://zenodo.org/records/15370205/files/CellBinDB.zip", "CellBinDB.zip", "", "."
        ),
    ),
)

CARDS: Final = (
    _NEURIPS, _DSB2018, _STARDIST, _CELLPOSE, _BBBC039, _BBBC006, _CTC_CARD, _CELLBINDB,
)  # fmt: skip
