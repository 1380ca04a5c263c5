"""Reading safetensors, and answering requests for measurements."""
import json
import sys
import time

import numpy
import torch

TYPES = {"U8": numpy.uint8, "F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64}


def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(numpy.frombuffer(data, TYPES[e["dtype"]], offset=e["data_offsets"][0],
            count=int(numpy.prod(e["shape"], dtype=numpy.int64))).reshape(e["shape"]).copy()) for name, e in header.items()}


def serve(cases, training):
    """For each line {"case": name} on standard input a line {"wall": s, "processor": s}; only the cases in `training` keep a graph."""
    for line in sys.stdin:
        name = json.loads(line)["case"]
        with torch.set_grad_enabled(name in training):
            wall, processor = time.perf_counter(), time.process_time()
            cases[name]()
            print(json.dumps({"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}), flush=True)
