"""What InceptionV3 makes of pictures, by others' implementations on random weights:

    pip install torch==2.11 torchvision==0.26 pytorch-fid==0.3.0 torch-fidelity==0.4.0 numpy
    python tests/golden/inception.py     # writes inception.safetensors beside it

Weights and pictures are too large to keep: both sides make them of NumPy's uniform numbers, weights by
the CRC-32 of their names, pictures by their sides.

`fid` is torch-fidelity, which does what the graph of TensorFlow 1 does to the bit; pytorch-fid's network must
agree. `torchvision` has its own transforms before it, on all of the picture.
"""

import json
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytorch_fid.inception
import torch
import torchvision
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torchvision.transforms.v2 import functional as transforms

SIDES = {"fid": [32, 64, 299, 320], "torchvision": [64, 320]}


def weight(name, shape):
    u = np.random.RandomState(zlib.crc32(name.encode())).random_sample(int(np.prod(shape)))
    signed = 2 * u - 1
    if name.endswith("conv.weight"):
        values = signed * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("bn.weight"):
        values = 1 + 0.2 * signed
    elif name.endswith("bn.running_var"):
        values = 0.5 + u
    elif name == "fc.weight":
        values = 0.02 * signed
    else:
        values = 0.3 * signed
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def weights(module):
    state = module.state_dict()
    made = {name: weight(name, list(v.shape)) for name, v in state.items() if v.is_floating_point()}
    return {**state, **made}


def picture(side):
    u = np.random.RandomState(side).random_sample(3 * side * side).reshape(3, side, side)
    c, y, x = np.meshgrid(range(3), range(side), range(side), indexing="ij")
    values = ((5 * x + 3 * y) * (c + 1) // 2 + (96 * u).astype(np.int64)) % 256
    return torch.from_numpy(values.astype(np.uint8))[None]


def fid(pictures):
    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        # The class reads its weights from a file.
        blank = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, init_weights=False)
        state = weights(blank)
        torch.save(state, file.name)
        own = FeatureExtractorInceptionV3(
            "fid", ["2048", "logits_unbiased"], feature_extractor_weights_path=file.name)
    pytorch_fid.inception.load_state_dict_from_url = lambda *_, **__: state
    other = pytorch_fid.inception.InceptionV3(resize_input=False, normalize_input=False).eval()
    for x in pictures:
        features, logits = own(x)
        if x.shape[-1] == 299:
            again = other((x.float() - 128) / 128)[0].flatten(1)
            assert (again - features).abs().max() < 1e-5 * features.abs().max()
        yield features, logits.softmax(1)


def by_torchvision(pictures):
    model = torchvision.models.inception_v3(
        num_classes=1000, aux_logits=True, init_weights=False, transform_input=True)
    model.load_state_dict(weights(model))
    model.eval()
    held = []
    model.avgpool.register_forward_hook(lambda _, __, y: held.append(y.flatten(1)))
    for x in pictures:
        x = transforms.resize(x.float() / 255, [299, 299], antialias=True)
        model(transforms.normalize(x, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
        features = held.pop()
        yield features, (features @ model.fc.weight.T).softmax(1)


torch.set_grad_enabled(False)
tensors = {}
for name, run in ("fid", fid), ("torchvision", by_torchvision):
    rows = list(run(map(picture, SIDES[name])))
    for side, (features, probabilities) in zip(SIDES[name], rows):
        tensors[f"{name}.{side}.features"] = features
        tensors[f"{name}.{side}.probabilities"] = probabilities
    features = torch.cat([row[0] for row in rows])
    print(name, "features", features.mean().item(), "deviation over channels", features.std(1).mean().item(),
          "over pictures", features.std(0).mean().item(), "largest probability", max(r[1].max() for r in rows))
header, data = {}, b""
for name, value in tensors.items():
    value = value.contiguous().numpy()
    span = [len(data), len(data) + value.nbytes]
    header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": span}
    data += value.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
out = Path(__file__).with_suffix(".safetensors")
out.write_bytes(struct.pack("<Q", len(text)) + text + data)
