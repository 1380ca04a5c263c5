namespace DemoVlp.MovingShapes;

/// <summary>Writes a data set: videos, the truth in the project's own form, and the same clips as MSRVTT's files.</summary>
/// <remarks>
/// <c>scenes.jsonl</c> is the project's own form (<see cref="SceneFile"/>); videos are <c>videos/all/&lt;id&gt;.mp4</c>, and the rest is as MSRVTT is
/// distributed (<see cref="MsrvttFiles"/>), with the same ids.
/// </remarks>
public static class DataSetFiles
{
    /// <summary>Writes so many clips of each split into a folder, which is made if need be.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="seed">Of scenes and words.</param>
    /// <param name="vocabulary">Shapes and colours.</param>
    /// <param name="counts">Clips of each split.</param>
    /// <param name="progress">Told each clip that is written.</param>
    /// <param name="cancellationToken">Stops it; what is there stays.</param>
    public static async Task WriteAsync(
        string folder, ulong seed, Vocabulary vocabulary, IReadOnlyDictionary<Split, int> counts, IProgress<Clip>? progress, CancellationToken cancellationToken)
    {
        var clips = counts.SelectMany(c => Clip.Of(seed, vocabulary, c.Key).Take(c.Value)).ToList();
        var videos = Path.Combine(folder, "videos", "all");
        Directory.CreateDirectory(videos);
        foreach (var clip in clips)
        {
            await ClipEncoder.WriteAsync(clip.Scene, Path.Combine(videos, clip.Scene.Id + ".mp4"), cancellationToken);
            progress?.Report(clip);
        }
        SceneFile.Write(Path.Combine(folder, "scenes.jsonl"), clips);
        MsrvttFiles.Write(folder, clips, vocabulary);
    }
}
