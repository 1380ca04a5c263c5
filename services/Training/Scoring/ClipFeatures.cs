using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Regions;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Scoring;

/// <summary>Reads a clip's frames, e.g. <see cref="ClipRegionsReader.ReadAsync"/> of its regions.</summary>
internal delegate Task<IReadOnlyList<FrameRegions>> ReadRegions(Clip clip, CancellationToken cancellationToken);

/// <summary>How far a scoring is.</summary>
/// <param name="Done">Units of work done.</param>
/// <param name="Total">Units in all.</param>
internal readonly record struct ScoringProgress(int Done, int Total);

/// <summary>Region features of clips for a scoring: the next batch is read while the present one is computed. For the thread that computes.</summary>
internal static class ClipFeatures
{
    /// <summary>The clips in batches with their frames.</summary>
    /// <exception cref="ModelFormatException"><c>feature-missing</c>: a clip has no features, or they cannot be read. Nothing stands in for them.</exception>
    public static IEnumerable<(Clip[] Clips, IReadOnlyList<FrameRegions>[] Frames)> InBatches(IReadOnlyList<Clip> clips, int size, ReadRegions read, CancellationToken cancellationToken)
    {
        var batches = clips.Chunk(size).ToList();
        var next = Start(0);
        for (var i = 0; i < batches.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var frames = next.GetAwaiter().GetResult();
            next = Start(i + 1);
            yield return (batches[i], frames);
        }

        Task<IReadOnlyList<FrameRegions>[]> Start(int batch) =>
            batch == batches.Count ? Task.FromResult<IReadOnlyList<FrameRegions>[]>([]) : Task.Run(() => ReadAsync(batches[batch], read, cancellationToken), cancellationToken);
    }

    private static async Task<IReadOnlyList<FrameRegions>[]> ReadAsync(Clip[] clips, ReadRegions read, CancellationToken cancellationToken)
    {
        var frames = new IReadOnlyList<FrameRegions>[clips.Length];
        for (var i = 0; i < clips.Length; i++)
        {
            if (clips[i].Regions is null) throw Missing(clips[i], clips[i].Missing ?? "there is no file", null);
            try
            {
                frames[i] = await read(clips[i], cancellationToken);
            }
            catch (Exception e) when (e is ArtifactMissingException or ArtifactCorruptException or ModelFormatException)
            {
                throw Missing(clips[i], e.Message, e);
            }
        }
        return frames;
    }

    private static ModelFormatException Missing(Clip clip, string why, Exception? inner) => new("feature-missing", $"Clip {clip.Id} has no usable region features: {why}", inner);
}
