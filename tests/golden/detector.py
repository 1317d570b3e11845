"""A detector of the published form, as small as can be, and what it makes of pictures:

    python tests/golden/detector.py     # writes detector.pt and detector.safetensors beside it

Its features are means of the channels over a grid of 2x2, its classes are drawn to four colours, its
perceptual features are the picture itself.
"""

import json
import struct
from pathlib import Path

import torch


class Detector(torch.nn.Module):
    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = torch.nn.Parameter(torch.randn([4, 12], generator=generator) / 64)
        self.bias = torch.nn.Parameter(torch.randn([4], generator=generator))

    def forward(self, img: torch.Tensor, return_features: bool = False, use_fp16: bool = False,
                no_output_bias: bool = False, resize_images: bool = True, return_lpips: bool = False):
        if return_lpips:
            assert not resize_images and img.dtype == torch.float32
            return img.flatten(1)
        assert img.dtype == torch.uint8
        features = torch.nn.functional.adaptive_avg_pool2d(img.to(torch.float32), [2, 2]).flatten(1)
        if return_features:
            return features
        logits = features @ self.weight.t()
        return (logits if no_output_bias else logits + self.bias).softmax(dim=1)


torch.manual_seed(1)
detector = torch.jit.script(Detector().eval())
here = Path(__file__)
detector.save(here.with_suffix(".pt"))
images = torch.randint(0, 256, [5, 3, 8, 8], dtype=torch.uint8)
with torch.no_grad():
    tensors = {
        "images": images,
        "features": detector(images, return_features=True),
        "probabilities": detector(images, no_output_bias=True),
    }
header, data = {}, b""
for name, value in tensors.items():
    value = value.contiguous().numpy()
    kind = {"float32": "F32", "uint8": "U8"}[str(value.dtype)]
    span = [len(data), len(data) + value.nbytes]
    header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": span}
    data += value.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
here.with_suffix(".safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
