"""Times what it is told to, one line of JSON per request on standard input: {"case": name} gives {"wall": s, "processor": s}.
Arguments: the folder with model.safetensors and inputs.safetensors; the number of threads; the device."""
import sys

import torch
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from detector import Detector
from measure import load, serve


def main(folder, threads, device):
    torch.set_num_threads(threads)
    inputs, weights = {k: v.to(device) for k, v in load(folder + "/inputs.safetensors").items()}, load(folder + "/model.safetensors")
    c4 = Detector(inputs["anchors"]).eval().to(device)
    weights = {k: v for k, v in weights.items() if "cell_anchors" not in k}
    left = c4.load_state_dict(weights, strict=False)
    assert not left.unexpected_keys and all("num_batches_tracked" in k for k in left.missing_keys), left
    fpn = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, min_size=600, max_size=1000).eval().to(device)
    picture = inputs["bgr"].permute(2, 0, 1).float() / 255
    # To the host at the end, where the results are wanted: a GPU is waited for.
    serve({"c4": lambda: [t.cpu() for t in c4(inputs["bgr"])], "fpn": lambda: [t.cpu() for t in fpn([picture])[0].values()],
           "suppression": lambda: c4.select(inputs["boxes"], inputs["probabilities"]).cpu()}, training=())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
