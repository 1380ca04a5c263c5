using static TorchSharp.torch;

namespace DemoVlp.Modeling.Serialization;

/// <summary>A file of weights from outside: safetensors, or torch.save's zip or older format. The content tells which, not the name.</summary>
public static class WeightFile
{
    /// <summary>The file's tensors by key; the caller disposes them (they also belong to the current dispose scope, if there is one).</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="keys">Keys under which a torch.save file may keep its weights; the first that is there counts, else the file itself is the dictionary.</param>
    /// <exception cref="ModelFormatException"><c>model-incomplete</c>: there is no such file; <c>checkpoint-malformed</c> or <c>safetensors-malformed</c>.</exception>
    public static IReadOnlyDictionary<string, Tensor> Load(string path, params string[] keys)
    {
        if (!File.Exists(path)) throw new ModelFormatException("model-incomplete", $"There is no file of weights {Path.GetFileName(path)}.");
        if (IsSafetensors(path)) return Safetensors.Load(path);
        using var checkpoint = TorchCheckpoint.Open(path);
        var key = keys.FirstOrDefault(k => checkpoint.Find(k) is PickleDictionary);
        return key is null ? checkpoint.Tensors() : checkpoint.Tensors(key);
    }

    /// <summary>A safetensors file's JSON begins at its ninth byte, where neither a zip file nor a pickle has a brace.</summary>
    internal static bool IsSafetensors(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> start = stackalloc byte[9];
        return stream.ReadAtLeast(start, 9, throwOnEndOfStream: false) == 9 && start[8] == (byte)'{' && !start.StartsWith("PK\x03\x04"u8);
    }
}
