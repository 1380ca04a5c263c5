using System.Security.Cryptography;
using System.Text.RegularExpressions;
using DemoVlp.Contracts;

namespace DemoVlp.Artifacts;

/// <summary>Artifacts as files below one folder: a local disk (standalone) or a shared volume (distributed).</summary>
public sealed partial class LocalArtifactStore : IArtifactStore
{
    private const string Incoming = ".incoming";
    private readonly string root;

    /// <summary>Uses, and makes if need be, the folder <paramref name="root"/>.</summary>
    public LocalArtifactStore(string root)
    {
        this.root = Path.GetFullPath(root);
        var incoming = Directory.CreateDirectory(Path.Combine(this.root, Incoming));
        foreach (var file in incoming.EnumerateFiles()) DeleteIfAbandoned(file);
    }

    /// <summary>What a killed process was writing goes; what another process is writing now is locked by it.</summary>
    private static void DeleteIfAbandoned(FileInfo file)
    {
        try
        {
            using var unlocked = new FileStream(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            // Made this moment, perhaps not locked yet.
            if (file.LastWriteTimeUtc < DateTime.UtcNow.AddSeconds(-10)) file.Delete();
        }
        catch (IOException)
        {
            // Locked, or finished and renamed meanwhile: in use, so not ours to delete.
        }
    }

    /// <inheritdoc/>
    public async Task<ArtifactRef> WriteAsync(string key, string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        var path = PathOf(key);
        var temporary = Path.Combine(root, Incoming, Guid.NewGuid().ToString("n"));
        try
        {
            string sha256;
            long bytes;
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            await using (var hashing = new HashingStream(file))
            {
                await write(hashing, cancellationToken);
                await hashing.FlushAsync(cancellationToken);
                file.Flush(flushToDisk: true);
                (sha256, bytes) = (hashing.Sha256(), hashing.Length);
            }
            Publish(temporary, path);
            return new ArtifactRef(key, sha256, bytes, mediaType);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <inheritdoc/>
    public async Task<ArtifactRef?> FindAsync(string key, string mediaType, CancellationToken cancellationToken)
    {
        var path = PathOf(key);
        if (!File.Exists(path)) return null;
        await using var file = OpenExisting(path);
        if (file is null) return null;
        var hash = await SHA256.HashDataAsync(file, cancellationToken);
        return new ArtifactRef(key, Convert.ToHexStringLower(hash), file.Length, mediaType);
    }

    /// <inheritdoc/>
    public Stream OpenRead(ArtifactRef artifact)
    {
        var file = OpenExisting(GetLocalPath(artifact)) ?? throw new ArtifactMissingException(artifact.Key);
        if (file.Length == artifact.Bytes) return file;
        file.Dispose();
        throw new ArtifactCorruptException(artifact.Key);
    }

    /// <inheritdoc/>
    public async Task<byte[]> ReadAsync(ArtifactRef artifact, CancellationToken cancellationToken)
    {
        await using var file = OpenRead(artifact);
        var bytes = new byte[artifact.Bytes];
        await file.ReadExactlyAsync(bytes, cancellationToken);
        return Convert.ToHexStringLower(SHA256.HashData(bytes)) == artifact.Sha256 ? bytes : throw new ArtifactCorruptException(artifact.Key);
    }

    /// <inheritdoc/>
    public string GetLocalPath(ArtifactRef artifact)
    {
        var path = PathOf(artifact.Key);
        return File.Exists(path) ? path : throw new ArtifactMissingException(artifact.Key);
    }

    /// <inheritdoc/>
    public string GetLocalDirectory(string prefix)
    {
        var path = PathOf(prefix);
        return Directory.Exists(path) ? path : throw new ArtifactMissingException(prefix);
    }

    /// <inheritdoc/>
    public IEnumerable<string> List(string prefix)
    {
        var path = PathOf(prefix);
        if (!Directory.Exists(path)) return [];
        return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f).Replace('\\', '/'));
    }

    /// <inheritdoc/>
    public void Delete(string keyOrPrefix)
    {
        var path = PathOf(keyOrPrefix);
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            else if (File.Exists(path)) File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Another service removed it between the two calls: that is what was wanted.
        }
    }

    private static void Publish(string temporary, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            File.Move(temporary, path, overwrite: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another service deleted the folder between the two calls.
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(temporary, path, overwrite: true);
        }
    }

    // Null if it has just been deleted.
    private static FileStream? OpenExisting(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private string PathOf(string key)
    {
        if (key.Length > 300 || !Key().IsMatch(key)) throw new ArgumentException($"'{key}' is no artifact key.", nameof(key));
        return Path.Combine(root, key);
    }

    // Segments never begin with a dot: no "..", no hidden files, not the folder of incoming files.
    [GeneratedRegex(@"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\z")]
    private static partial Regex Key();
}
