using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.MovingShapes;
using DemoVlp.Training.Data;

namespace DemoVlp.Training.Datasets;

/// <summary>The mp4 files of generated clips, drawn when they are first wanted. The same clip gives the same bytes.</summary>
internal sealed class ClipVideos(IArtifactStore artifacts)
{
    private const string Mp4 = "video/mp4";
    // Each ffmpeg keeps a core busy.
    private static readonly SemaphoreSlim Encoders = new(2);

    /// <summary>The file of a clip.</summary>
    /// <exception cref="CliWrap.Exceptions.CommandExecutionException">ffmpeg failed.</exception>
    public async Task<ArtifactRef> EnsureAsync(DatasetRow dataset, Scene scene, CancellationToken cancellationToken)
    {
        var key = ShapesFiles.VideoKey(dataset, scene.Id);
        if (await artifacts.FindAsync(key, Mp4, cancellationToken) is { } known) return known;
        await Encoders.WaitAsync(cancellationToken);
        var folder = Directory.CreateTempSubdirectory("demovlp-clip-");
        try
        {
            var path = Path.Combine(folder.FullName, "clip.mp4");
            await ClipEncoder.WriteAsync(scene, path, cancellationToken);
            await using var file = File.OpenRead(path);
            return await artifacts.WriteAsync(key, Mp4, (target, token) => file.CopyToAsync(target, token), cancellationToken);
        }
        finally
        {
            Encoders.Release();
            folder.Delete(recursive: true);
        }
    }
}
