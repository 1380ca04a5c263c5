using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>Copies a file's tensors into a network.</summary>
internal static class WeightTransfer
{
    /// <summary>Every tensor with a target must fit it; of the network's parameters under <paramref name="part"/>, those that are <paramref name="required"/> must be there.</summary>
    /// <param name="network">On the CPU.</param>
    /// <param name="file">Path of the file, for the report.</param>
    /// <param name="weights">What it holds.</param>
    /// <param name="target">The parameter a key stands for, null if the model has no use for it.</param>
    /// <param name="part">Beginning of the names of the parameters the file is read for.</param>
    /// <param name="required">Which of them it must hold.</param>
    /// <exception cref="ModelFormatException"><c>weights-mismatch</c>: names up to five tensors, with their shapes, that do not fit.</exception>
    internal static WeightReport Load(Module network, string file, IReadOnlyDictionary<string, Tensor> weights, Func<string, string?> target, string part, Func<string, bool> required)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var parameters = ModelWeights.Of(network).Where(p => p.Name.StartsWith(part, StringComparison.Ordinal)).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        var (found, ignored, faults) = (new Dictionary<string, Tensor>(StringComparer.Ordinal), new List<string>(), new List<string>());
        foreach (var (key, value) in weights)
        {
            if (target(key) is not { } name) ignored.Add(key);
            else if (!parameters.TryGetValue(name, out var parameter)) faults.Add($"{key} is unknown");
            else if (!value.shape.AsSpan().SequenceEqual(parameter.shape)) faults.Add($"{key} is [{string.Join(", ", value.shape)}] instead of [{string.Join(", ", parameter.shape)}]");
            else if (!value.is_floating_point()) faults.Add($"{key} holds no floating-point numbers");
            else if (!ModelWeights.IsFinite(value, parameter.dtype)) faults.Add($"{key} holds a value that is not finite");
            else if (!found.TryAdd(name, value)) faults.Add($"{key} is there twice");
        }
        var missing = parameters.Keys.Where(p => !found.ContainsKey(p)).ToList();
        if (faults.Count == 0) faults.AddRange(missing.Where(required).Select(m => $"{m} is missing"));
        if (faults.Count > 0)
        {
            throw new ModelFormatException("weights-mismatch",
                $"The weights of {Path.GetFileName(file)} do not fit: {string.Join("; ", faults.Take(5))}{(faults.Count > 5 ? $"; and {faults.Count - 5} more" : "")}.");
        }
        foreach (var (name, value) in found) parameters[name].copy_(value);
        return new WeightReport(Path.GetFileName(file), [.. parameters.Keys.Where(found.ContainsKey)], ignored, missing);
    }
}
