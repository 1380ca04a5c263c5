using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Videos;

namespace DemoVlp.FrameSampling;

/// <summary>Says which frames were taken from which bytes. Written last: where it is, the frames are complete.</summary>
/// <param name="Format">What the manifest says and how; one of another format counts for nothing.</param>
/// <param name="SourceSha256">The video's hash.</param>
/// <param name="MaxSide">Longest side allowed when the frames were taken.</param>
/// <param name="Sampled">What is announced.</param>
internal sealed record FrameManifest(int Format, string SourceSha256, int MaxSide, FramesSampled Sampled)
{
    /// <summary>1 had no number, and gave the size of the first frame as that of the video.</summary>
    public const int CurrentFormat = 2;

    public const string JpegType = "image/jpeg";
    private const string JsonType = "application/json";

    /// <summary>Key of a frame.</summary>
    public static string FrameKey(Guid videoId, int count, int index) => $"{VideoArtifacts.Frames(videoId)}/{count}/{index}.jpg";

    /// <summary>Writes the manifest.</summary>
    public async Task WriteAsync(IArtifactStore store, int count, CancellationToken cancellationToken) =>
        await store.WriteAsync(Key(Sampled.VideoId, count), JsonType, (stream, token) => JsonSerializer.SerializeAsync(stream, this, cancellationToken: token), cancellationToken);

    /// <summary>The manifest of work already done with these settings on these bytes, if it and every frame are whole.</summary>
    public static async Task<FrameManifest?> FindAsync(
        IArtifactStore store, VideoUploaded video, FrameSamplingOptions options, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(Key(video.VideoId, options.Count), JsonType, cancellationToken) is not { } artifact) return null;
        try
        {
            var manifest = JsonSerializer.Deserialize<FrameManifest>(await store.ReadAsync(artifact, cancellationToken));
            if (manifest?.Format != CurrentFormat || manifest.SourceSha256 != video.Source.Sha256 || manifest.MaxSide != options.MaxSide) return null;
            foreach (var frame in manifest.Sampled.Frames)
                if (await store.FindAsync(frame.Image.Key, JpegType, cancellationToken) != frame.Image) return null;
            return manifest;
        }
        catch (Exception e) when (e is JsonException or ArtifactMissingException or ArtifactCorruptException)
        {
            return null; // Deleted meanwhile, or damaged: it is made anew.
        }
    }

    private static string Key(Guid videoId, int count) => $"{VideoArtifacts.Frames(videoId)}/{count}/manifest.json";
}
