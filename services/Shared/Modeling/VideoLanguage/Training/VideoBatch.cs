using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Videos that are learnt from together.</summary>
internal static class VideoBatch
{
    /// <summary>Tokens [V, 1+R, d] and mask [V, R] (0 or -100), R being that of the longest video; the rest is masked.</summary>
    public static (Tensor Tokens, Tensor Mask) Encode(IObjectRelation network, IReadOnlyList<ObjectInput> inputs, ModelConfig config, Device device)
    {
        var longest = inputs.Max(i => i.Mask.Length);
        var rows = new (Tensor Tokens, Tensor Mask)[inputs.Count];
        foreach (var group in Enumerable.Range(0, inputs.Count).GroupBy(i => inputs[i].Frames))
        {
            var (objects, objectMask) = ObjectInput.StackForTraining([.. group.Select(i => inputs[i])], config, device);
            var (tokens, mask) = network.EncodeObjects(objects, objectMask);
            var (padded, paddedMask) = Pad(tokens, mask.narrow(1, 1, mask.shape[1] - 1), longest);
            var row = 0;
            foreach (var i in group) (rows[i], row) = ((padded[row], paddedMask[row]), row + 1);
        }
        return (stack(rows.Select(r => r.Tokens)), stack(rows.Select(r => r.Mask)));
    }

    /// <summary>The videos of several parts of a batch as one, without a graph.</summary>
    public static (Tensor Tokens, Tensor Mask) Join(IReadOnlyList<(Tensor Tokens, Tensor Mask)> parts)
    {
        var longest = parts.Max(p => p.Mask.shape[1]);
        var padded = parts.Select(p => Pad(p.Tokens.detach(), p.Mask, longest)).ToList();
        return (cat([.. padded.Select(p => p.Tokens)], 0), cat([.. padded.Select(p => p.Mask)], 0));
    }

    private static (Tensor Tokens, Tensor Mask) Pad(Tensor tokens, Tensor mask, long longest)
    {
        var missing = longest - mask.shape[1];
        return (functional.pad(tokens, [0, 0, 0, missing]), functional.pad(mask, [0, missing], value: -100));
    }
}
