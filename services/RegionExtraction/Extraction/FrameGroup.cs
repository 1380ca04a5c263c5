using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DemoVlp.Contracts.Videos;
using DemoVlp.RegionExtraction.Detectors;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>Frames of one size that are extracted together and kept together: what a crash cannot take back.</summary>
internal sealed record FrameGroup(IReadOnlyList<SampledFrame> Frames)
{
    /// <summary>Divides frames into groups of one size, in their order.</summary>
    public static IReadOnlyList<FrameGroup> Of(IReadOnlyList<SampledFrame> frames, int most)
    {
        var groups = new List<List<SampledFrame>>();
        foreach (var frame in frames)
        {
            if (groups.Count > 0 && groups[^1] is var last && last.Count < most && (last[0].Width, last[0].Height) == (frame.Width, frame.Height)) last.Add(frame);
            else groups.Add([frame]);
        }
        return [.. groups.Select(group => new FrameGroup(group))];
    }

    /// <summary>The same for the same frames, bytes included, and the same detector.</summary>
    public static string Fingerprint(IEnumerable<SampledFrame> frames, DetectorInfo detector)
    {
        var text = new StringBuilder(detector.Hash);
        foreach (var frame in frames)
            text.Append(CultureInfo.InvariantCulture, $"\n{frame.Index} {frame.TimestampSeconds:R} {frame.Width} {frame.Height} {frame.Image.Sha256}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
