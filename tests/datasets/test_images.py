"""Images of every format: axes, channels and pixel size are read, shown and never guessed."""

import json
import struct
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr

from workbench.datasets import (
    DatasetFile,
    ImageChoice,
    describe_image,
    open_dataset,
    read_choice,
    read_image,
    read_labels,
    read_record_image,
    read_sample,
    write_dataset_file,
)
from workbench.schema import InputError

TWO_CHANNELS = np.arange(2 * 5 * 7, dtype=np.uint16).reshape(2, 5, 7)


def ome_tiff(path: Path, array: np.ndarray, axes: str, **metadata: object) -> Path:
    tifffile.imwrite(path, array, metadata={"axes": axes, **metadata}, ome=True)
    return path


def ome_zarr(path: Path, array: np.ndarray, axes: str, *, zarr_format: int = 2) -> Path:
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    level = group.create_array("0", shape=array.shape, dtype=array.dtype, chunks=array.shape)
    level[:] = array
    space = [
        {"name": a, "type": "space", "unit": "micrometer"} if a in "zyx" else {"name": a}
        for a in axes
    ]
    scale = [{"type": "scale", "scale": [0.65 if a in "yx" else 1 for a in axes]}]
    ome = {
        "multiscales": [
            {"axes": space, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
        ],
        "omero": {"channels": [{"label": "DAPI"}, {"label": "membrane"}]},
    }
    group.attrs.update({"ome": ome} if zarr_format == 3 else ome)
    return path


def test_ome_tiff_tells_axes_channels_and_pixel_size(tmp_path: Path) -> None:
    path = ome_tiff(
        tmp_path / "a.ome.tif",
        TWO_CHANNELS,
        "CYX",
        Channel={"Name": ["DAPI", "membrane"]},
        PhysicalSizeX=650,
        PhysicalSizeXUnit="nm",
    )
    info = describe_image(path)
    assert (info.axes, info.axes_from, info.shape) == ("CYX", "OME-XML", (2, 5, 7))
    assert info.channel_names == ("DAPI", "membrane")
    assert info.pixel_size_um == pytest.approx(0.65)


def test_imagej_tiff_tells_axes_and_pixel_size(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, TWO_CHANNELS, imagej=True, resolution=(4, 4), metadata={"axes": "CYX", "unit": "um"}
    )
    info = describe_image(path)
    assert (info.axes, info.axes_from, info.pixel_size_um) == ("CYX", "ImageJ", 0.25)


def test_dots_per_inch_are_no_pixel_size(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, TWO_CHANNELS[0], resolution=(300, 300), resolutionunit="INCH")
    assert np.isnan(describe_image(path).pixel_size_um)


def test_channels_are_chosen_by_name_and_by_index_in_the_order_asked_for(tmp_path: Path) -> None:
    path = ome_tiff(
        tmp_path / "a.ome.tif", TWO_CHANNELS, "CYX", Channel={"Name": ["DAPI", "membrane"]}
    )
    chosen = read_image(path, read_choice(channels="membrane, 0"))
    assert np.array_equal(chosen, np.moveaxis(TWO_CHANNELS[::-1], 0, -1))
    assert read_image(path, read_choice(channels="dapi")).shape == (5, 7, 1)


@pytest.mark.parametrize("channel", ["2", "GFP"])
def test_a_channel_that_is_not_there_is_refused_with_those_there_are(
    tmp_path: Path, channel: str
) -> None:
    path = ome_tiff(tmp_path / "a.ome.tif", TWO_CHANNELS, "CYX", Channel={"Name": ["DAPI", "red"]})
    with pytest.raises(InputError, match=r"a\.ome\.tif: has no channel .*; there are DAPI, red"):
        read_image(path, read_choice(channels=channel))


def test_a_stack_without_metadata_is_read_once_its_axes_are_given(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, TWO_CHANNELS, photometric="minisblack", metadata=None)
    with pytest.raises(InputError, match=r"give axes CYX if they are channels, or .* plane I=0"):
        read_image(path)
    assert read_image(path, read_choice(axes="CYX")).shape == (5, 7, 2)
    assert np.array_equal(read_image(path, read_choice(plane="I=1"))[..., 0], TWO_CHANNELS[1])
    assert describe_image(path, read_choice(axes="CYX")).axes_from == "given"


def test_planes_are_chosen_or_projected(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 99, (3, 2, 5, 7)).astype(np.uint8)
    path = ome_tiff(tmp_path / "a.ome.tif", stack, "ZCYX")
    with pytest.raises(InputError, match="3 focal planes; give the one to take, plane Z=0 to Z=2"):
        read_image(path)
    second = read_image(path, read_choice(plane="Z=1"))
    assert np.array_equal(second, np.moveaxis(stack[1], 0, -1))
    brightest = read_image(path, read_choice(plane="z=max"))
    assert np.array_equal(brightest, np.moveaxis(stack.max(axis=0), 0, -1))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (ImageChoice(planes=(("Z", 0),)), "no Z to choose a plane of"),
        (ImageChoice(axes="TCYX"), r"axes TCYX for an image of shape \(2, 5, 7\)"),
        (ImageChoice(planes=(("C", 2),)), "has C from 0 to 1, got C=2"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(
    tmp_path: Path, choice: ImageChoice, message: str
) -> None:
    path = ome_tiff(tmp_path / "a.ome.tif", TWO_CHANNELS, "CYX")
    with pytest.raises(InputError, match=message):
        read_image(path, choice)


@pytest.mark.parametrize(
    ("option", "text"),
    [("axes", "CXX"), ("axes", "C1"), ("channels", "a,,b"), ("plane", "Z"), ("plane", "Z=top")],
)
def test_a_choice_that_can_not_be_read_is_refused_with_an_example(option: str, text: str) -> None:
    with pytest.raises(InputError, match=r"expected .*"):
        read_choice(**{option: text})


@pytest.mark.parametrize("compression", ["zlib", "lzw", "zstd", "jpeg"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_tiled_and_compressed_tiffs_are_read(
    tmp_path: Path, compression: str, tile: tuple[int, int] | None
) -> None:
    array = np.tile(np.arange(48, dtype=np.uint8) * 4, (32, 1))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, array, compression=compression, tile=tile)
    tolerance = 3 if compression == "jpeg" else 0
    assert np.abs(read_image(path)[..., 0].astype(int) - array).max() <= tolerance


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "bmp"])
def test_jpeg_and_bmp_are_read(tmp_path: Path, suffix: str) -> None:
    array = np.full((6, 9, 3), (200, 100, 50), np.uint8)
    encode = imagecodecs.bmp_encode if suffix == "bmp" else imagecodecs.jpeg_encode
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(encode(array))
    assert np.abs(read_image(path).astype(int) - array).max() <= 3
    assert describe_image(path).axes == "YXS"


def test_arrays_without_metadata_need_their_axes_unless_flat(tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", TWO_CHANNELS[0])
    np.save(tmp_path / "deep.npy", TWO_CHANNELS)
    assert read_image(tmp_path / "flat.npy").shape == (5, 7, 1)
    with pytest.raises(InputError, match="give axes CYX if they are channels"):
        read_image(tmp_path / "deep.npy")
    assert read_image(tmp_path / "deep.npy", read_choice(axes="CYX")).shape == (5, 7, 2)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_ome_zarr_is_read_with_its_names_and_scale(tmp_path: Path, zarr_format: int) -> None:
    path = ome_zarr(tmp_path / "a.zarr", TWO_CHANNELS, "cyx", zarr_format=zarr_format)
    info = describe_image(path)
    assert (info.axes, info.axes_from, info.channel_names) == (
        "CYX", "OME-Zarr", ("DAPI", "membrane"),
    )  # fmt: skip
    assert info.pixel_size_um == pytest.approx(0.65)
    chosen = read_image(path, read_choice(channels="membrane"))
    assert np.array_equal(chosen[..., 0], TWO_CHANNELS[1])


def test_ome_zarr_that_points_outside_is_refused(tmp_path: Path) -> None:
    ome_zarr(tmp_path / "other.zarr", TWO_CHANNELS, "cyx")
    path = ome_zarr(tmp_path / "a.zarr", TWO_CHANNELS, "cyx")
    attributes = json.loads((path / ".zattrs").read_text())
    attributes["multiscales"][0]["datasets"][0]["path"] = "../other.zarr/0"
    (path / ".zattrs").write_text(json.dumps(attributes))
    with pytest.raises(InputError, match=r"a\.zarr: its metadata point outside its folder"):
        read_image(path)


def test_labels_in_ome_zarr_and_npy_are_read(tmp_path: Path) -> None:
    labels = np.array([[0, 70_000], [3, 3]], np.uint32)
    group = ome_zarr(tmp_path / "l.zarr", labels, "yx")
    np.save(tmp_path / "l.npy", labels)
    assert np.array_equal(read_labels(group), labels)
    assert np.array_equal(read_labels(tmp_path / "l.npy"), labels)


def test_labels_as_jpeg_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a_label.jpg"
    path.write_bytes(imagecodecs.jpeg_encode(np.zeros((8, 8), np.uint8)))
    with pytest.raises(InputError, match=r"\.jpg changes the numbers of labels"):
        read_labels(path)


def test_a_header_larger_than_the_memory_is_refused_before_reading(tmp_path: Path) -> None:
    tiff = tmp_path / "huge.tif"
    tifffile.imwrite(tiff, np.zeros((4, 4), np.uint16))
    with tifffile.TiffFile(tiff, mode="r+b") as file:
        file.pages.first.tags["ImageWidth"].overwrite(2**30)
        file.pages.first.tags["ImageLength"].overwrite(2**30)
    png = tmp_path / "huge.png"
    content = imagecodecs.png_encode(np.zeros((4, 4), np.uint8))
    png.write_bytes(content[:16] + struct.pack(">II", 2**30, 2**30) + content[24:])
    with pytest.raises(InputError, match=r"huge\.png: says that it holds .* GiB of memory"):
        read_image(png)
    with pytest.raises(InputError, match=r"huge\.tif: lists 1 of 268,435,456 parts"):
        read_image(tiff)


def test_xml_entities_in_metadata_are_never_expanded(tmp_path: Path) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><OME>&b;</OME>'
    )
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, np.zeros((4, 4), np.uint8), description=bomb, metadata=None)
    with pytest.raises(InputError, match=r"a\.ome\.tif: its metadata declare XML entities"):
        read_image(path)


@pytest.mark.parametrize(("suffix", "content"), [("tif", "PNG"), ("png", "JPEG"), ("jpg", "TIFF")])
def test_a_wrong_ending_is_told(tmp_path: Path, suffix: str, content: str) -> None:
    array = np.zeros((8, 8), np.uint8)
    path = tmp_path / f"a.{suffix}"
    if content == "TIFF":
        tifffile.imwrite(tmp_path / "b.tif", array)
        (tmp_path / "b.tif").rename(path)
    else:
        encode = imagecodecs.png_encode if content == "PNG" else imagecodecs.jpeg_encode
        path.write_bytes(encode(array))
    with pytest.raises(InputError, match=f"by its content it is a {content} file"):
        read_image(path)


def test_a_manifest_chooses_per_image_and_a_dataset_file_for_all(tmp_path: Path) -> None:
    ome_tiff(tmp_path / "a.ome.tif", TWO_CHANNELS, "CYX", Channel={"Name": ["DAPI", "red"]})
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("image_id,image,image_channels\na,a.ome.tif,red\nb,a.ome.tif,\n")
    (tmp_path / "dataset.yaml").write_text("channels: DAPI\n")

    own, common = (read_record_image(record) for record in open_dataset(tmp_path).records)

    assert own.channel_names == ("red",)
    assert common.channel_names == ("DAPI",)
    whole = open_dataset(manifest).records[1]
    assert read_sample(whole).channel_names == ("DAPI", "red")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chanels: DAPI", "chanels: Extra inputs are not permitted; it may hold path, layout"),
        ("path: gone", "path gone does not exist"),
        ("layout: manifst", "did you mean manifest"),
        ("[1, 2", "is no YAML"),
    ],
)
def test_mistakes_in_a_dataset_file_are_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "dataset.yaml").write_text(text)
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match=message):
        open_dataset(tmp_path)


def test_a_manifest_does_not_reach_out_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "manifest.csv").write_text("image_id,image\na,images/../../a.tif\n")
    with pytest.raises(InputError, match=r"names the file .* which lies outside"):
        open_dataset(tmp_path / "set")


def test_a_dataset_file_is_not_overruled(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "dataset.yaml").write_text("channels: '0'\n")
    with pytest.raises(InputError, match="says itself how it is read"):
        open_dataset(tmp_path, layout="folders")


def test_a_dataset_file_moves_with_its_data_set(tmp_path: Path) -> None:
    (tmp_path / "set" / "images").mkdir(parents=True)
    np.save(tmp_path / "set" / "images" / "a.npy", TWO_CHANNELS)
    chosen = DatasetFile(path=tmp_path / "set", axes="CYX", channels="1")
    write_dataset_file(tmp_path / "red.yaml", chosen)
    tmp_path.rename(tmp_path.with_name("moved"))
    dataset = open_dataset(tmp_path.with_name("moved") / "red.yaml")
    assert dataset.name == "red"
    assert np.array_equal(read_record_image(dataset.records[0]).pixels[..., 0], TWO_CHANNELS[1])
    tmp_path.with_name("moved").rename(tmp_path)


def test_labels_of_a_stack_are_read_at_the_plane_of_its_image(tmp_path: Path) -> None:
    image = np.arange(3 * 2 * 5 * 7, dtype=np.uint8).reshape(3, 2, 5, 7)
    labels = np.arange(3 * 5 * 7, dtype=np.uint16).reshape(3, 5, 7)
    ome_tiff(tmp_path / "a.tif", image, "ZCYX")
    tifffile.imwrite(tmp_path / "l.tif", labels, metadata=None, photometric="minisblack")
    head = "image_id,image,labels,image_axes,image_plane\n"
    (tmp_path / "manifest.csv").write_text(
        head + "a,a.tif,l.tif,ZCYX,Z=1\nb,a.tif,l.tif,ZCYX,Z=max\n"
    )
    first, brightest = open_dataset(tmp_path).records
    assert np.array_equal(read_sample(first).reference, labels[1])
    assert np.array_equal(read_sample(first).image, np.moveaxis(image[1], 0, -1))
    with pytest.raises(InputError, match=r"l\.tif: holds labels along Z, .* choose one plane"):
        read_sample(brightest)


def test_flat_labels_belong_to_any_plane(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 5, 7), np.uint8), metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "l.tif", np.ones((5, 7), np.uint8))
    (tmp_path / "manifest.csv").write_text(
        "image_id,image,labels,image_plane\na,a.tif,l.tif,Z=max\n"
    )
    assert read_sample(open_dataset(tmp_path).records[0]).reference.all()


def test_a_plane_of_a_real_volume_has_the_labels_of_that_plane(
    real_data: Path, tmp_path: Path
) -> None:
    volume = real_data / "stardist_sample3d"
    row = f"a,{volume / 'img3d.tif'},{volume / 'mask3d.tif'},ZYX,Z=10"
    (tmp_path / "manifest.csv").write_text(f"image_id,image,labels,image_axes,image_plane\n{row}\n")
    (record,) = open_dataset(tmp_path).records
    labels = tifffile.imread(volume / "mask3d.tif")[10]
    assert np.array_equal(read_sample(record).reference, labels)
    assert labels.any()
