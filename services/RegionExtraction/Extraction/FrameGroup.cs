using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DemoVlp.Contracts.Videos;
using DemoVlp.RegionExtraction.Detectors;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>Frames of one size that are extracted together and kept together: what a crash cannot take back.</summary>
internal sealed record FrameGroup(IReadOnlyList<SampledFrame> Frames)
{
    /// <summary>The frames of one size that begin somewhere, at most so many.</summary>
    public static FrameGroup At(IReadOnlyList<SampledFrame> frames, int first, int most) =>
        new([.. frames.Skip(first).Take(most).TakeWhile(frame => (frame.Width, frame.Height) == (frames[first].Width, frames[first].Height))]);

    /// <summary>The same for the same frames, bytes included, and the same detector.</summary>
    public static string Fingerprint(IEnumerable<SampledFrame> frames, DetectorInfo detector)
    {
        var text = new StringBuilder(detector.Hash);
        foreach (var frame in frames)
            text.Append(CultureInfo.InvariantCulture, $"\n{frame.Index} {frame.TimestampSeconds:R} {frame.Width} {frame.Height} {frame.Image.Sha256}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
