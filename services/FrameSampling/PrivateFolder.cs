namespace DemoVlp.FrameSampling;

/// <summary>A temporary folder that only this user can read, gone when disposed.</summary>
internal sealed class PrivateFolder : IDisposable
{
    private const string Prefix = "demovlp-frames-";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory(Prefix);

    /// <summary>Its path.</summary>
    public string Path => folder.FullName;

    /// <inheritdoc/>
    public void Dispose() => folder.Delete(recursive: true);

    /// <summary>Removes the folders of processes that were killed. Older than an hour: no video takes that long.</summary>
    public static void RemoveStale()
    {
        foreach (var stale in new DirectoryInfo(System.IO.Path.GetTempPath()).EnumerateDirectories($"{Prefix}*"))
            if (stale.CreationTimeUtc < DateTime.UtcNow.AddHours(-1)) stale.Delete(recursive: true);
    }
}
