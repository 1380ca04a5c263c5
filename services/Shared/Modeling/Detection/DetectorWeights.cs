using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

/// <summary>Puts a checkpoint's tensors into a network: every key of the network, each with its shape, and nothing left over.</summary>
public static class DetectorWeights
{
    private const string Anchors = "proposal_generator.anchor_generator.cell_anchors.0";

    /// <summary>
    /// Copies <paramref name="tensors"/> (any floating type) into <paramref name="network"/>. A <c>module.</c> before every key is taken off; counters
    /// (<c>num_batches_tracked</c>) and pixel statistics are ignored; anchors that the checkpoint lacks stay those of the configuration.
    /// </summary>
    /// <exception cref="ModelFormatException"><c>weights-mismatch</c>: a key is missing, unknown or of another shape, or a value is not finite.</exception>
    public static void Load(FasterRcnn network, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var given = WithoutPrefix(tensors).Where(t => !IsIgnored(t.Key)).ToDictionary(StringComparer.Ordinal);
        foreach (var (key, target) in network.state_dict())
        {
            if (!given.Remove(key, out var value))
            {
                if (key == Anchors) continue;
                throw Mismatch($"the detector's weights lack \"{key}\"");
            }
            if (!value.shape.AsSpan().SequenceEqual(target.shape))
                throw Mismatch($"\"{key}\" has the shape [{string.Join(", ", value.shape)}], and the configuration asks for [{string.Join(", ", target.shape)}]");
            using var step = NewDisposeScope();
            if (!value.is_floating_point() || !value.isfinite().all().item<bool>()) throw Mismatch($"\"{key}\" holds a value that is not a finite number");
            target.copy_(value);
        }
        if (given.Count > 0) throw Mismatch($"the detector's weights hold \"{given.Keys.Order(StringComparer.Ordinal).First()}\", which the configuration does not know");
    }

    /// <summary>Without the <c>module.</c> that data-parallel training puts before every key.</summary>
    internal static IReadOnlyDictionary<string, Tensor> WithoutPrefix(IReadOnlyDictionary<string, Tensor> tensors)
    {
        const string prefix = "module.";
        return tensors.Keys.All(k => k.StartsWith(prefix, StringComparison.Ordinal)) ? tensors.ToDictionary(t => t.Key[prefix.Length..], t => t.Value, StringComparer.Ordinal) : tensors;
    }

    /// <summary>The longest side of all anchors, in pixels of the resized frame.</summary>
    internal static double LargestAnchorSide(FasterRcnn network)
    {
        using var scope = NewDisposeScope();
        var anchors = network.state_dict()[Anchors]; // (A, 4): x1, y1, x2, y2
        return (anchors.narrow(1, 2, 2) - anchors.narrow(1, 0, 2)).max().item<float>();
    }

    private static bool IsIgnored(string key) =>
        key.EndsWith("num_batches_tracked", StringComparison.Ordinal) || key is "pixel_mean" or "pixel_std";

    private static ModelFormatException Mismatch(string what) => new("weights-mismatch", $"The weights do not fit: {what}.");
}
