"""Cards of the sets annotated by outlines or stacked in NPZ files."""

from typing import Final

from workbench.datasets._card_values import Card, Download

_LIVECELL: Final = "https://livecell-dataset.s3.eu-central-1.amazonaws.com/LIVECell_dataset_2021"
_EDMOND: Final = "https://edmond.mpg.de/api/access/datafile"
_DEEPCELL_LICENCE: Final = "modified Apache License, for non-commercial academic use only"

CARDS: Final = (
    Card(
        name="livecell",
        title="LIVECell",
        layout="livecell",
        task="whole cells",
        modality="phase contrast",
        n_images=5_239,
        n_cells=1_686_352,
        size="1.3 GB of images, and their annotations",
        licence="CC BY-NC 4.0",
        citation=(
            "C. Edlund et al., LIVECell - A large-scale dataset for label-free live cell "
            "segmentation, Nat. Methods 18:1038-1045, 2021, doi:10.1038/s41592-021-01249-6"
        ),
        address="https://sartorius-research.github.io/LIVECell/",
        how_to_obtain=(
            "The download brings all images and the annotations of all cell types. The splits of "
            "single cell types are linked on the official page; put them into "
            "annotations/LIVECell_single_cells/<cell type>/."
        ),
        downloads=(
            Download(f"{_LIVECELL}/images.zip", "images.zip", "", unpack_to="."),
            *(
                Download(
                    f"{_LIVECELL}/annotations/LIVECell/livecell_coco_{split}.json",
                    f"livecell_coco_{split}.json",
                    "",
                )
                for split in ("train", "val", "test")
            ),
        ),
    ),
    Card(
        name="evican",
        title="EVICAN",
        layout="evican",
        task="nuclei and whole cells",
        modality="brightfield and phase contrast",
        n_images=4_600,
        n_cells=26_000,
        size="2.8 GB",
        licence="CC BY 4.0",
        citation=(
            "M. Schwendy, R. E. Unger, S. H. Parekh, EVICAN - a balanced dataset for algorithm "
            "development in cell and nucleus segmentation, Bioinformatics 36:3863-3870, 2020, "
            "doi:10.1093/bioinformatics/btaa225"
        ),
        address="https://edmond.mpg.de/dataset.xhtml?persistentId=doi:10.17617/3.AJBV1S",
        how_to_obtain=(
            "The download brings the images and the EVICAN2 annotations (cells and nuclei). "
            "Training and validation images are annotated in part only."
        ),
        downloads=(
            *(
                Download(
                    f"{_EDMOND}/{number}",
                    f"EVICAN_{part}2019.zip",
                    "",
                    unpack_to=f"EVICAN_{part}2019",
                )
                for part, number in {"train": 102910, "val": 102911, "eval": 102912}.items()
            ),
            *(
                Download(f"{_EDMOND}/{number}", f"instances_{part}_EVICAN2.json", "")
                for part, number in {
                    "train2019": 102915,
                    "val2019": 102916,
                    "eval2019_easy": 102918,
                    "eval2019_medium": 102919,
                    "eval2019_difficult": 102917,
                }.items()
            ),
        ),
    ),
    Card(
        name="tissuenet",
        title="TissueNet 1.1",
        layout="npz",
        task="nuclei and whole cells",
        modality="multiplexed tissue imaging: a nuclear and a membrane channel",
        n_images=7_022,
        n_cells=None,
        size="",
        licence=_DEEPCELL_LICENCE,
        citation=(
            "N. F. Greenwald, G. Miller et al., Whole-cell segmentation of tissue images with "
            "human-level performance using large-scale data annotation and deep learning, Nat. "
            "Biotechnol. 40:555-565, 2022, doi:10.1038/s41587-021-01094-0"
        ),
        address="https://datasets.deepcell.org/data",
        how_to_obtain=(
            "Make an account at datasets.deepcell.org, sign in, choose TissueNet 1.1, download and "
            "unpack tissuenet_v1.1.zip, and open its folder with the target whole_cell or nuclei."
        ),
    ),
    Card(
        name="dynamicnuclearnet",
        title="DynamicNuclearNet segmentation 1.0",
        layout="npz",
        task="nuclei",
        modality="fluorescence",
        n_images=None,
        n_cells=None,
        size="",
        licence=_DEEPCELL_LICENCE,
        citation=(
            "M. S. Schwartz et al., Caliban: Accurate cell tracking and lineage construction in "
            "live-cell imaging experiments with deep learning, bioRxiv, 2023, doi:10.1101/803205"
        ),
        address="https://datasets.deepcell.org/data",
        how_to_obtain=(
            "Make an account at datasets.deepcell.org, sign in, choose DynamicNuclearNet "
            "Segmentation, download and unpack the ZIP file, and open its folder. The tracking "
            "part (.trks) is another format, which is not read."
        ),
    ),
    Card(
        name="monuseg",
        title="MoNuSeg 2018",
        layout="monuseg",
        task="nuclei",
        modality="brightfield, H&E",
        n_images=51,
        n_cells=None,
        size="",
        licence="CC BY-NC-SA 4.0",
        citation=(
            "N. Kumar et al., A multi-organ nucleus segmentation challenge, IEEE Trans. Med. "
            "Imaging 39:1380-1391, 2020, doi:10.1109/TMI.2019.2947628"
        ),
        address="https://monuseg.grand-challenge.org/Data/",
        how_to_obtain=(
            "Follow the links to the training and testing data on the official page, unpack both "
            "archives into one folder, and open that folder."
        ),
    ),
    Card(
        name="nuinsseg",
        title="NuInsSeg",
        layout="nuinsseg",
        task="nuclei",
        modality="brightfield, H&E",
        n_images=665,
        n_cells=30_698,
        size="",
        licence="not stated",
        citation=(
            "A. Mahbod et al., NuInsSeg: A fully annotated dataset for nuclei instance "
            "segmentation in H&E-stained histological images, Sci. Data 11:295, 2024, "
            "doi:10.1038/s41597-024-03117-2"
        ),
        address="https://www.kaggle.com/datasets/ipateam/nuinsseg",
        how_to_obtain=(
            "Sign in at Kaggle, press Download on the official page, read the licence shown there, "
            "unpack the archive, and open the folder that holds the folders of the organs."
        ),
    ),
    Card(
        name="cryonuseg",
        title="CryoNuSeg",
        layout="cryonuseg",
        task="nuclei",
        modality="brightfield, H&E, frozen sections",
        n_images=30,
        n_cells=7_596,
        size="",
        licence="not stated",
        citation=(
            "A. Mahbod et al., CryoNuSeg: A dataset for nuclei instance segmentation of "
            "cryosectioned H&E-stained histological images, Comput. Biol. Med. 132:104349, 2021, "
            "doi:10.1016/j.compbiomed.2021.104349"
        ),
        address=(
            "https://www.kaggle.com/datasets/ipateam/"
            "segmentation-of-nuclei-in-cryosectioned-he-images"
        ),
        how_to_obtain=(
            "Sign in at Kaggle, press Download on the official page, read the licence shown there, "
            "unpack the archive, and open its folder with the target annotator_1, "
            "annotator_1_second_round or annotator_2."
        ),
    ),
)
