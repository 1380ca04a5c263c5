using System.Collections.Concurrent;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.MovingShapes;
using DemoVlp.Training.Data;
using Scenes = DemoVlp.MovingShapes.Clip;

namespace DemoVlp.Training.Datasets;

/// <summary>
/// The scenes and words of generated data sets, a line for each clip. They follow from the seed, but take milliseconds each to find, so they are
/// found once.
/// </summary>
internal sealed class ShapesFiles(IArtifactStore artifacts)
{
    private const string LinesType = "application/jsonl";

    // What a line says. Files of an earlier version are not found, and made again.
    private const int LineVersion = 2;

    private static readonly SemaphoreSlim Generating = new(1);
    private static readonly ConcurrentDictionary<string, long[]> Starts = new();

    /// <summary>Key of a clip's mp4.</summary>
    public static string VideoKey(DatasetRow dataset, string clip) => $"{DatasetFolder.Of(dataset)}/clips/{clip}.mp4";

    /// <summary>What a clip is called on the bus: the same for the same data set, options and clip.</summary>
    public static Guid VideoIdOf(DatasetRow dataset, string clip) => HashedGuid.Of($"{dataset.Name}\n{dataset.Options}\n{clip}");

    /// <summary>Finds the scenes of a split, if that has not been done.</summary>
    public async Task EnsureAsync(DatasetRow dataset, string split, CancellationToken cancellationToken) => await PathAsync(dataset, split, cancellationToken);

    /// <summary>Clips of a split, in their order.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="split">The split.</param>
    /// <param name="skip">How many to leave out.</param>
    /// <param name="take">How many at most.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async IAsyncEnumerable<Scenes> ReadAsync(
        DatasetRow dataset, string split, int skip, int take, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = await PathAsync(dataset, split, cancellationToken);
        var starts = await StartsAsync(path, cancellationToken);
        if (skip >= starts.Length) yield break;
        await using var file = File.OpenRead(path);
        file.Position = starts[skip];
        using var reader = new StreamReader(file);
        for (var i = 0; i < take && await reader.ReadLineAsync(cancellationToken) is { } line; i++) yield return JsonSerializer.Deserialize<Scenes>(line)!;
    }

    // Where the lines of a file begin: clips are asked for one by one, and each would be looked for from the beginning. The files never change.
    private static async Task<long[]> StartsAsync(string path, CancellationToken cancellationToken)
    {
        if (Starts.TryGetValue(path, out var known)) return known;
        var starts = new List<long> { 0 };
        var buffer = new byte[1 << 16];
        await using var file = File.OpenRead(path);
        var offset = 0L;
        for (int read; (read = await file.ReadAsync(buffer, cancellationToken)) > 0; offset += read)
            for (var i = 0; i < read; i++)
                if (buffer[i] == (byte)'\n') starts.Add(offset + i + 1);
        return Starts[path] = [.. starts[..^1]];
    }

    /// <summary>A clip by its id; null: the data set has none of it.</summary>
    public async Task<Scenes?> FindAsync(DatasetRow dataset, string clip, CancellationToken cancellationToken)
    {
        if (Place(clip) is not var (split, number) || number >= ShapesOptions.Of(dataset).CountOf(split)) return null;
        return await ReadAsync(dataset, split, number, 1, cancellationToken).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Split and place of a clip by its id, e.g. <c>train17</c>; null: no such id.</summary>
    public static (string Split, int Number)? Place(string clip)
    {
        foreach (var split in ShapesOptions.SplitNames)
            if (clip.StartsWith(split, StringComparison.Ordinal) && int.TryParse(clip.AsSpan(split.Length), System.Globalization.NumberStyles.None, null, out var number) && clip == split + number)
                return (split, number);
        return null;
    }

    private async Task<string> PathAsync(DatasetRow dataset, string split, CancellationToken cancellationToken)
    {
        var key = $"{DatasetFolder.Of(dataset)}/{split}-{LineVersion}.jsonl";
        if (Find(key) is { } known) return known;
        // One at a time: the processor is better used by others meanwhile, and two may want the same.
        await Generating.WaitAsync(cancellationToken);
        try
        {
            if (Find(key) is { } made) return made;
            // To its end, even if whoever asked gives up: the next one would begin anew, and give up again.
            await Task.Run(() => GenerateAsync(dataset, split, key, CancellationToken.None), CancellationToken.None);
            return Find(key) ?? throw new ArtifactMissingException(key);
        }
        finally
        {
            Generating.Release();
        }
    }

    private async Task GenerateAsync(DatasetRow dataset, string split, string key, CancellationToken cancellationToken)
    {
        var options = ShapesOptions.Of(dataset);
        var clips = Scenes.Of((ulong)options.Seed, options.Words(), Enum.Parse<Split>(split, ignoreCase: true)).Take(options.CountOf(split));
        await artifacts.WriteAsync(key, LinesType, async (stream, token) =>
        {
            foreach (var clip in clips)
            {
                await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(clip), token);
                await stream.WriteAsync("\n"u8.ToArray(), token);
            }
        }, cancellationToken);
    }

    private string? Find(string key)
    {
        try
        {
            return artifacts.GetLocalPath(new ArtifactRef(key, "", 0, LinesType));
        }
        catch (ArtifactMissingException)
        {
            return null;
        }
    }
}
