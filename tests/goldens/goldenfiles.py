"""Reading and writing of golden sets: safetensors, manifests, index (layout: Appendix B of the specification)."""
import hashlib
import json
import math
import os
import struct

import numpy as np
import torch

TYPES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64", torch.bool: "BOOL", torch.float16: "F16", torch.uint8: "U8", torch.int32: "I32"}


def save(path, tensors):
    header, data, at = {}, [], 0
    for name, t in tensors.items():
        raw = t.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": TYPES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + b"".join(data))


def load(path):
    names = {v: k for k, v in TYPES.items()}
    with open(path, "rb") as f:
        raw = f.read()
    size = struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, e in json.loads(raw[8: 8 + size]).items():
        if name == "__metadata__":
            continue
        a, b = e["data_offsets"]
        flat = torch.frombuffer(bytearray(raw[8 + size + a: 8 + size + b]), dtype=names[e["dtype"]]) if b > a else torch.empty(0, dtype=names[e["dtype"]])
        tensors[name] = flat.reshape(e["shape"])
    return tensors


def plain(x):
    """Numbers as JSON has them; the rest as text."""
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, (np.floating, np.integer)):
        x = x.item()
    if isinstance(x, float) and not math.isfinite(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
    return x


def entry(kind, name, t, exact=None, noisy=()):
    e = {"tensor": f"{kind}.{name}", "dtype": TYPES[t.dtype], "shape": list(t.shape)}
    if kind == "out":
        e["max_abs"] = t.abs().max().item() if t.numel() else 0.0
        if exact is not None:
            e["fp32_vs_fp64_max_abs_diff"] = (t.double() - exact.double()).abs().max().item()
            if noisy:
                e["perturbed_max_abs_diff"] = max((t.double() - x.double()).abs().max().item() for x in noisy)
            e["suggested_atol"] = float(f"{max(10 * e['fp32_vs_fp64_max_abs_diff'], 5 * e.get('perturbed_max_abs_diff', 0), 2e-6 * e['max_abs'], 1e-7):.2g}")
    return e


class Writer:
    """Collects the cases of a set and writes its index last."""

    def __init__(self, root, arch, name):
        self.root, self.index = root, {"set": name, "format": 1, "torch": torch.__version__, "numpy": np.__version__, "arch": arch, "weights": {}, "cases": []}
        for folder in ("cases", "weights", "npz"):
            os.makedirs(os.path.join(root, folder), exist_ok=True)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def weights(self, name, tensors, **about):
        save(self.path("weights", name + ".safetensors"), tensors)
        self.index["weights"][name] = {"file": f"weights/{name}.safetensors", "tensors": len(tensors), "parameters": sum(t.numel() for t in tensors.values()), **about}

    def case(self, name, description, inputs=None, outputs=None, exact=None, expected=None, noisy=(), **rest):
        inputs, outputs, exact = inputs or {}, outputs or {}, exact or {}
        manifest = {"case": name, "description": description, **rest}
        if inputs or outputs:
            save(self.path("cases", name + ".safetensors"), {**{f"in.{k}": v for k, v in inputs.items()}, **{f"out.{k}": v for k, v in outputs.items()}})
            manifest["tensors"] = name + ".safetensors"
        manifest["inputs"] = {k: entry("in", k, v) for k, v in inputs.items()}
        manifest["outputs"] = {k: entry("out", k, v, exact.get(k), [x[k] for x in noisy]) for k, v in outputs.items()}
        if expected is not None:
            manifest["expected"] = plain(expected)
        with open(self.path("cases", name + ".json"), "w") as f:
            json.dump(manifest, f, indent=1)
        self.index["cases"].append({"case": name, "description": description})

    def close(self):
        files = {}
        for folder, _, names in os.walk(self.root):
            for n in sorted(names):
                path = os.path.join(folder, n)
                with open(path, "rb") as f:
                    raw = f.read()
                files[os.path.relpath(path, self.root)] = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
        self.index["files"] = dict(sorted(files.items()))
        with open(self.path("index.json"), "w") as f:
            json.dump(self.index, f, indent=1)
