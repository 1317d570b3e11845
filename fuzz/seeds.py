"""Writes the seed corpora to fuzz/corpus.

Timelines of the repository; the golden pickles with one number a tensor, a tenth of their size;
and the smallest networks that are one, whose few kB are executed a hundred times as fast.
"""

import io
import pickle
import pickletools
import shutil
import struct
import sys
import types
from collections import OrderedDict
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORPUS = Path(__file__).parent / "corpus"
TORCH_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"
ITEM_SIZES = {"Double": 8, "Long": 8, "Float": 4, "Int": 4, "Half": 2, "BFloat16": 2, "Short": 2}
ONE = b"K\x01"


def operations(stream):
    """Name, argument, and place of each opcode of one pickle, which ends where the last one says."""
    start = stream.tell()
    found = [(op.name, arg, at - start) for op, arg, at in pickletools.genops(stream)]
    return found + [("END", None, stream.tell() - start)]


def cut_storage(nested):
    """A nested torch file with the first number of its storage."""
    stream = io.BytesIO(nested)
    for _ in range(3):
        operations(stream)
    root = stream.tell()
    ops = operations(stream)
    operations(stream)
    data = stream.tell()
    kind = next(arg for name, arg, _ in ops if name == "GLOBAL").split()[1]
    size = ITEM_SIZES.get(kind.removesuffix("Storage"), 1)
    first, last = next(
        (root + at, root + after)
        for (name, _, at), (_, _, after) in zip(ops, ops[1:])
        if name.startswith("BININT")
    )
    number = nested[data + 8 : data + 8 + size]
    return nested[:first] + ONE + nested[last:data] + struct.pack("<q", 1) + number


def cut_tensors(whole):
    ops = operations(io.BytesIO(whole))
    out, extents, ints = b"", False, 0
    for (name, arg, at), (_, _, after) in zip(ops, ops[1:]):
        op = whole[at:after]
        text = isinstance(arg, str) and name == "BINUNICODE"
        raw = arg.encode("latin1", "replace") if text else arg
        if isinstance(raw, bytes) and raw.startswith(TORCH_MAGIC):
            raw = cut_storage(raw)
            raw = raw.decode("latin1").encode() if text else raw
            op = (b"X" if text else b"B") + struct.pack("<I", len(raw)) + raw
            extents, ints = True, 0
        elif name in ("NEWFALSE", "NEWTRUE"):
            extents = False
        elif extents and name.startswith("BININT"):
            # The offset, then shape and stride.
            op = ONE if ints else b"K\x00"
            ints += 1
        # Frames only tell how much to buffer.
        out += b"" if name == "FRAME" else op
    return out


def named(module, name):
    """A function that pickles as this global."""

    def function(*_):
        raise NotImplementedError

    function.__module__, function.__qualname__ = module, name
    # The pickler imports it, and its package first.
    for path in (module.split(".")[0], module):
        sys.modules.setdefault(path, types.ModuleType(path))
    setattr(sys.modules[module], name, function)
    return function


RECONSTRUCT = named("torch_utils.persistence", "_reconstruct_persistent_obj")
REBUILD = named("torch._utils", "_rebuild_tensor_v2")
LOAD = named("torch.storage", "_load_from_bytes")


class Call:
    """What pickles as the call of a global."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


def tensor():
    storage = (ROOT / "tests/golden/stylegan3-t-tiny.pkl").read_bytes()
    at = storage.index(TORCH_MAGIC)
    (size,) = struct.unpack("<I", storage[at - 4 : at])
    storage = Call(LOAD, cut_storage(storage[at : at + size]))
    return Call(REBUILD, storage, 0, (1,), (1,), False, OrderedDict())


def module(modules=(), tensors=(), **plain):
    state = dict(_parameters=dict(tensors), _buffers={}, _modules=dict(modules), **plain)
    return Call(RECONSTRUCT, dict(type="class", version=6, class_name="M", state=state))


def smallest():
    """The least that is opened as a generator of either kind, and as a discriminator."""
    sizes = dict(z_dim=4, c_dim=0, w_dim=4, img_resolution=16, img_channels=3)
    sizes |= dict(channel_base=64, channel_max=4)
    mapping = module([("fc0", module([], [("weight", tensor())]))], w_dim=4)

    def generator(synthesis, **more):
        parts = [("mapping", mapping), ("synthesis", synthesis)]
        return module(parts, [("w", tensor())], _init_args=(), _init_kwargs=sizes | more)

    names = ["L0_36_4", "L1_16_4", "L2_16_3"]
    # Each module is one of its own: reached twice, it would be refused.
    layers = [(n, module([], [("bias", tensor())], conv_clamp=256)) for n in names]
    layers.append(("input", module(bandwidth=2.0)))
    stylegan3 = generator(module(layers, layer_names=names), num_layers=2, num_critical=1)

    def block(size):
        kinds = ("conv0", "conv1", "torgb")
        return module([(kind, module(conv_clamp=256)) for kind in kinds], use_fp16=size > 4)

    blocks = [(f"b{size}", block(size)) for size in (4, 8, 16)]
    stylegan2 = generator(module(blocks, block_resolutions=[4, 8, 16]), num_fp16_res=2)
    return dict(stylegan3=stylegan3, stylegan2=stylegan2)


def main():
    for target in ("pickle", "pickle-large", "timeline"):
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "tests/golden").glob("*.pkl"):
        (CORPUS / "pickle-large" / path.name).write_bytes(cut_tensors(path.read_bytes()))
    for name, network in smallest().items():
        for protocol in (2, 4):
            whole = pickle.dumps({"G_ema": network}, protocol)
            (CORPUS / "pickle" / f"{name}-{protocol}.pkl").write_bytes(whole)
    whole = pickle.dumps({"D": module([("b4", module())], [("w", tensor())])}, 4)
    (CORPUS / "pickle/discriminator.pkl").write_bytes(whole)
    for folder in ("timelines", "tests/timelines", "src/timeline"):
        for path in (ROOT / folder).rglob("*.ron"):
            shutil.copy(path, CORPUS / "timeline" / f"{path.parent.name}-{path.name}")


main()
