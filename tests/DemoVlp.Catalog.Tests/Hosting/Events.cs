using System.Text;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Videos;

namespace DemoVlp.Catalog.Tests.Hosting;

/// <summary>What the other services would publish of a video.</summary>
internal static class Events
{
    public static FramesSampled Frames(Guid id, int count = 2) => new()
    {
        VideoId = id, DurationSeconds = 4, Width = 320, Height = 240,
        Frames = [.. Enumerable.Range(0, count).Select(index => new SampledFrame(index, index + 0.5, 320, 240,
            new ArtifactRef($"{VideoArtifacts.Frames(id)}/{index}.jpg", new string('a', 64), 5, "image/jpeg")))],
    };

    public static RegionsExtracted Regions(Guid id) => new()
    {
        VideoId = id, RegionCount = 20, Detector = "small",
        Regions = new ArtifactRef($"{VideoArtifacts.Regions(id)}/regions.safetensors", new string('b', 64), 7, "application/octet-stream"),
    };

    public static VideoIndexed Indexed(Guid id, string model = "m1", DateTime? at = null) =>
        new() { VideoId = id, ModelVersion = model, IndexedAt = at ?? new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc) };

    public static VideoProcessingFailed Failed(Guid id, string code = FailureCodes.DecodeFailed) => new() { VideoId = id, Code = code, Detail = "It is broken." };

    /// <summary>Puts the frames into the store that the event names, as FrameSampling would.</summary>
    public static async Task<FramesSampled> StoredFramesAsync(this IArtifactStore store, Guid id, int count = 2)
    {
        var frames = new List<SampledFrame>();
        for (var index = 0; index < count; index++)
        {
            var bytes = Encoding.ASCII.GetBytes($"jpeg of frame {index}");
            var image = await store.WriteAsync(
                $"{VideoArtifacts.Frames(id)}/{index}.jpg", "image/jpeg", (target, stop) => target.WriteAsync(bytes, stop).AsTask(), TestContext.Current.CancellationToken);
            frames.Add(new SampledFrame(index, index + 0.5, 320, 240, image));
        }
        return Frames(id) with { Frames = frames };
    }
}
