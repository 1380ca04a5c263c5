using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

/// <summary>
/// Random weights that keep signals of similar size from layer to layer (He et al. 2015). The numbers come from integer arithmetic,
/// not from a library's generator, so that a seed gives the same file on every machine and version.
/// </summary>
internal static class RandomWeights
{
    internal static void Fill(FasterRcnn network, int seed)
    {
        using var mode = no_grad();
        var state = unchecked((ulong)seed * 0x9E3779B97F4A7C15UL + 1);
        foreach (var (key, target) in network.state_dict().OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            if (key.Contains("cell_anchors", StringComparison.Ordinal)) continue;
            using var scope = NewDisposeScope();
            if (target.dim() == 1)
            {
                // A block's last norm is small, so that blocks add to their input instead of drowning it.
                target.FillInPlace(key.EndsWith("conv3.norm.weight", StringComparison.Ordinal) ? 0.5f : key.EndsWith("norm.weight", StringComparison.Ordinal) || key.EndsWith("running_var", StringComparison.Ordinal) ? 1f : 0f);
                continue;
            }
            var fanIn = target.numel() / target.shape[0];
            var gain = Gain(key);
            // Uniform on ±a has the variance a²/3.
            var a = gain * Math.Sqrt(3.0 / fanIn);
            var values = new float[target.numel()];
            for (var i = 0; i < values.Length; i++) values[i] = (float)((Next(ref state) * 2 - 1) * a);
            target.copy_(tensor(values, target.shape));
        }
    }

    private static double Gain(string key)
    {
        // Pixels are around ±60: the stem brings them to the size of one.
        if (key.Contains("stem", StringComparison.Ordinal)) return Math.Sqrt(2) / 60;
        // Boxes stay near their anchors.
        if (key.Contains("anchor_deltas", StringComparison.Ordinal) || key.Contains("bbox_pred", StringComparison.Ordinal)) return 0.1;
        return key.Contains("cls_embed", StringComparison.Ordinal) ? 1 : Math.Sqrt(2);
    }

    // SplitMix64, 53 bits of it as a number from 0 to 1.
    private static double Next(ref ulong state)
    {
        unchecked
        {
            var z = state += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }
}
