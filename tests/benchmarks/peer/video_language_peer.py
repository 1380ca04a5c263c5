"""Times what it is told to, one line of JSON per request on standard input: {"case": name} gives {"wall": s, "processor": s}.
Arguments: the folder with config.json, model.safetensors and inputs.safetensors; the number of threads."""
import json
import sys

import torch

from measure import load, serve
from video_language import AdamW, ObjectRelation, alignment, loss

def padded(ids, mask, length=100):
    grow = lambda x: torch.nn.functional.pad(x, (0, length - x.shape[1]))
    return grow(ids), grow(mask)


def main(folder, threads):
    torch.set_num_threads(threads)
    model = ObjectRelation(json.load(open(folder + "/config.json")))
    model.load_state_dict(load(folder + "/model.safetensors"))
    inputs = load(folder + "/inputs.safetensors")
    optimizer = None

    def text():
        return model.encode_text(*padded(inputs["text.ids"], inputs["text.mask"]))[:, 0]

    def objects():
        return model.object_model(inputs["object.values"], inputs["object.mask"].double())[0][:, 0]

    def rwa():
        grow = lambda x, value: torch.nn.functional.pad(x, (0, 0, 0, 99 - x.shape[1]) if x.dim() == 3 else (0, 99 - x.shape[1]), value=value)
        return alignment(inputs["rwa.regions"], inputs["rwa.region_mask"].double(), grow(inputs["rwa.words"], 0.1), grow(inputs["rwa.word_mask"], -100.0))

    def train():
        nonlocal optimizer
        optimizer = optimizer or AdamW(model.parameters(), 1e-5)
        model.train()
        ids, mask = padded(inputs["train.ids"], inputs["train.mask"])
        text = model.encode_text(ids, mask)
        value = loss(text, mask, *model.object_model(inputs["train.values"], inputs["train.object_mask"].double()))
        value.backward()
        optimizer.step()
        model.eval()

    model.eval()
    serve({"text": text, "objects": objects, "alignment": rwa, "training": train}, training=("training",))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
