using System.Security.Cryptography;
using System.Text.Json;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Scoring;

/// <summary>Says whether two measurements or runs saw the same data: a hash over all that a split holds.</summary>
internal static class SplitFingerprint
{
    /// <summary>SHA-256, in hex, of the clips in their order: ids, texts, answers, and the hash or place of their features.</summary>
    public static string Of(IReadOnlyList<Clip> clips)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var clip in clips)
        {
            hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(new object?[]
            {
                clip.Id, clip.Captions, clip.Questions, clip.Choices, clip.Regions?.Artifact?.Sha256, clip.Regions?.Path, clip.Regions?.Image,
            }));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
