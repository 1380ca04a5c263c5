using System.Security.Cryptography;
using System.Text;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;

namespace DemoVlp.Shared.Tests.Artifacts;

public sealed class LocalArtifactStoreTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("demovlp-artifacts-").FullName;
    private readonly LocalArtifactStore store;

    public LocalArtifactStoreTests() => store = new LocalArtifactStore(root);

    public void Dispose() => Directory.Delete(root, recursive: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Task<ArtifactRef> Write(string key, string content) =>
        store.WriteAsync(key, "text/plain", (stream, ct) => stream.WriteAsync(Encoding.UTF8.GetBytes(content), ct).AsTask(), Token);

    [Fact]
    public async Task Write_ThenRead_GivesTheBytesAndTheirHash()
    {
        var artifact = await Write("videos/a/source", "hello");
        Assert.Equal(new ArtifactRef("videos/a/source", Convert.ToHexStringLower(SHA256.HashData("hello"u8)), 5, "text/plain"), artifact);
        Assert.Equal("hello"u8.ToArray(), await store.ReadAsync(artifact, Token));
        Assert.Equal(artifact, await store.FindAsync("videos/a/source", "text/plain", Token));
    }

    [Fact]
    public async Task Write_WhenTheWriterFails_LeavesWhatWasThere()
    {
        var before = await Write("videos/a/source", "before");
        await Assert.ThrowsAsync<InvalidDataException>(() => store.WriteAsync("videos/a/source", "text/plain", async (stream, ct) =>
        {
            await stream.WriteAsync("half"u8.ToArray(), ct);
            throw new InvalidDataException();
        }, Token));
        Assert.Equal("before"u8.ToArray(), await store.ReadAsync(before, Token));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(root, ".incoming")));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("videos/../../outside")]
    [InlineData("videos//a")]
    [InlineData(".incoming/x")]
    [InlineData("videos/a\n")]
    [InlineData("")]
    public async Task Keys_ThatLeadElsewhere_AreRefused(string key) => await Assert.ThrowsAsync<ArgumentException>(() => Write(key, "x"));

    [Fact]
    public async Task Read_WhenTheFileWasChanged_IsRefused()
    {
        var artifact = await Write("videos/a/source", "hello");
        await File.WriteAllTextAsync(Path.Combine(root, artifact.Key), "hellO", Token);
        await Assert.ThrowsAsync<ArtifactCorruptException>(() => store.ReadAsync(artifact, Token));
        await File.WriteAllTextAsync(Path.Combine(root, artifact.Key), "longer than before", Token);
        Assert.Throws<ArtifactCorruptException>(() => store.OpenRead(artifact));
    }

    [Fact]
    public async Task Delete_OfAPrefix_RemovesAllBelowAndNothingBeside()
    {
        var gone = await Write("videos/a/frames/0.jpg", "0");
        var stays = await Write("videos/ab/source", "s");
        store.Delete("videos/a");
        store.Delete("videos/a");
        Assert.Throws<ArtifactMissingException>(() => store.GetLocalPath(gone));
        Assert.Null(await store.FindAsync(gone.Key, gone.MediaType, Token));
        Assert.Equal(["videos/ab/source"], store.List("videos"));
        Assert.Equal("s"u8.ToArray(), await store.ReadAsync(stays, Token));
    }
}
