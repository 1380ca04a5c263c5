using DemoVlp.Contracts;

namespace DemoVlp.Artifacts;

/// <summary>Files that services hand each other by reference. A key is written whole or not at all; writing it again replaces it.</summary>
/// <remarks>Keys are relative paths of letters, digits, <c>.</c>, <c>_</c> and <c>-</c> separated by <c>/</c>; anything else is an <see cref="ArgumentException"/>.</remarks>
public interface IArtifactStore
{
    /// <summary>Streams an artifact in, hashing on the way. It appears under its key only when <paramref name="write"/> has ended well and the bytes are on disk.</summary>
    Task<ArtifactRef> WriteAsync(string key, string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken);

    /// <summary>The artifact under a key, hashed anew; null if there is none.</summary>
    Task<ArtifactRef?> FindAsync(string key, string mediaType, CancellationToken cancellationToken);

    /// <summary>Opens a seekable stream. The length is checked, the hash is not.</summary>
    /// <exception cref="ArtifactMissingException">There is nothing under the key.</exception>
    /// <exception cref="ArtifactCorruptException">Its length is not the one in the reference.</exception>
    Stream OpenRead(ArtifactRef artifact);

    /// <summary>Reads an artifact into memory and checks its hash.</summary>
    /// <exception cref="ArtifactMissingException">There is nothing under the key.</exception>
    /// <exception cref="ArtifactCorruptException">Its bytes are not those in the reference.</exception>
    Task<byte[]> ReadAsync(ArtifactRef artifact, CancellationToken cancellationToken);

    /// <summary>Path of a local file with the artifact's bytes, for programs such as ffmpeg. Read only.</summary>
    /// <exception cref="ArtifactMissingException">There is nothing under the key.</exception>
    string GetLocalPath(ArtifactRef artifact);

    /// <summary>Path of a local folder with everything under a prefix, for what is a directory by nature (models). Read only.</summary>
    /// <exception cref="ArtifactMissingException">There is nothing under the prefix.</exception>
    string GetLocalDirectory(string prefix);

    /// <summary>Keys under a prefix, in no particular order.</summary>
    IEnumerable<string> List(string prefix);

    /// <summary>Removes a key, or everything under it. Nothing there is no error.</summary>
    void Delete(string keyOrPrefix);
}

/// <summary>There is nothing under an artifact's key.</summary>
public sealed class ArtifactMissingException(string key) : IOException($"There is no artifact '{key}'.");

/// <summary>An artifact's bytes are not those that its reference names.</summary>
public sealed class ArtifactCorruptException(string key) : IOException($"The artifact '{key}' is not what its reference says.");
