using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>A model's parameters by checkpoint key.</summary>
public static class ModelWeights
{
    /// <summary>Key and parameter, in the model's order. The model has no buffers.</summary>
    public static IEnumerable<(string Name, Tensor Value)> Of(Module model) => model.named_parameters().Select(p => (p.name, (Tensor)p.parameter));

    /// <summary>Refuses a model whose weights were rounded for inference (<see cref="ComputePrecision.BFloat16"/> of <see cref="ModelDirectory.Load"/>): saved or trained, it would be a worse one.</summary>
    /// <exception cref="ModelFormatException"><c>model-precision</c>.</exception>
    internal static void RequireFloat32(Module model)
    {
        foreach (var (name, value) in Of(model))
            if (value.dtype != ScalarType.Float32) throw new ModelFormatException("model-precision", $"The model's weights were rounded for inference ({name} is {value.dtype}); load it in float32 to save or train it.");
    }

    /// <summary>Copies weights into a model: every key must be there, none more, all with the model's shapes, a floating type and finite numbers.</summary>
    /// <exception cref="ModelFormatException"><c>weights-mismatch</c>: names up to five keys that do not fit.</exception>
    public static void LoadStrictly(Module model, IReadOnlyDictionary<string, Tensor> weights)
    {
        var parameters = Of(model).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        using var scope = NewDisposeScope();
        var faults = parameters.Where(p => !weights.ContainsKey(p.Key)).Select(p => $"{p.Key} is missing")
            .Concat(weights.Keys.Where(k => !parameters.ContainsKey(k)).Select(k => $"{k} is unknown"))
            .Concat(parameters.Where(p => weights.TryGetValue(p.Key, out var w) && !w.shape.SequenceEqual(p.Value.shape))
                .Select(p => $"{p.Key} is [{string.Join(", ", weights[p.Key].shape)}] instead of [{string.Join(", ", p.Value.shape)}]"))
            .Concat(parameters.Keys.Where(k => weights.TryGetValue(k, out var w) && !w.is_floating_point()).Select(k => $"{k} holds no floating-point numbers"))
            .Concat(parameters.Where(p => weights.TryGetValue(p.Key, out var w) && w.is_floating_point() && !IsFinite(w, p.Value.dtype)).Select(p => $"{p.Key} holds a value that is not finite"))
            .ToList();
        if (faults.Count > 0)
        {
            throw new ModelFormatException("weights-mismatch",
                $"The weights do not fit the configuration: {string.Join("; ", faults.Take(5))}{(faults.Count > 5 ? $"; and {faults.Count - 5} more" : "")}.");
        }
        using var noGradient = no_grad();
        foreach (var (name, parameter) in parameters) parameter.copy_(weights[name]);
    }

    /// <summary>Copies what fits by key and shape and leaves the rest as it is: how a retrieval model starts a QA model.</summary>
    /// <returns>How many parameters were taken over.</returns>
    public static int LoadMatching(Module model, IReadOnlyDictionary<string, Tensor> weights)
    {
        using var noGradient = no_grad();
        var taken = 0;
        foreach (var (name, parameter) in Of(model))
        {
            if (!weights.TryGetValue(name, out var weight) || !weight.shape.SequenceEqual(parameter.shape)) continue;
            parameter.copy_(weight);
            taken++;
        }
        return taken;
    }

    /// <summary>Whether all numbers are finite in the type they are to be kept in: a float64 may be too large for a float32.</summary>
    internal static bool IsFinite(Tensor weight, ScalarType type)
    {
        using var scope = NewDisposeScope();
        return weight.to_type(type).isfinite().all().item<bool>();
    }

    /// <summary>Reads a safetensors file into a model on the CPU, strictly.</summary>
    /// <exception cref="ModelFormatException"><c>safetensors-malformed</c> or <c>weights-mismatch</c>.</exception>
    public static void LoadFile(Module model, string path)
    {
        using var scope = NewDisposeScope();
        LoadStrictly(model, Safetensors.Load(path));
    }
}
