namespace DemoVlp.FrameSampling;

/// <summary>A temporary folder that only this user can read, gone when disposed.</summary>
internal sealed class PrivateFolder : IDisposable
{
    private const string Prefix = "demovlp-frames-";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory(Prefix);

    /// <summary>Its path.</summary>
    public string Path => folder.FullName;

    /// <inheritdoc/>
    public void Dispose() => TryDelete(folder);

    /// <summary>Removes the folders of processes that were killed. Older than an hour: no video takes that long.</summary>
    public static void RemoveStale()
    {
        foreach (var stale in new DirectoryInfo(System.IO.Path.GetTempPath()).EnumerateDirectories($"{Prefix}*"))
            if (stale.CreationTimeUtc < DateTime.UtcNow.AddHours(-1)) TryDelete(stale);
    }

    private static void TryDelete(DirectoryInfo folder)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's, removed by another process just now, or a killed child was still writing: the next start removes what is ours.
        }
    }
}
