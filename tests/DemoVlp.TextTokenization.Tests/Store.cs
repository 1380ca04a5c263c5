using System.Text;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;

namespace DemoVlp.TextTokenization.Tests;

/// <summary>An artifact store in a folder of its own, with a small vocabulary.</summary>
public sealed class Store : IDisposable
{
    public const string Model = "tiny-1", Directory = "models/tiny-1";

    public static readonly string[] Vocabulary =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "circle", "move", "##s", "##ing", "cafe", "!", ",", "'", "s", "中", "国", "uber", "$", "5", "[", "]",
        "cls", "ᄒ", "##ᅡ", "##ᆫ", "x", "##x", "naive",
    ];

    public Store()
    {
        Root = System.IO.Directory.CreateTempSubdirectory("demovlp-text-").FullName;
        Artifacts = new LocalArtifactStore(Root);
        Put($"{Directory}/vocab.txt", string.Join('\n', Vocabulary) + "\n").GetAwaiter().GetResult();
    }

    public string Root { get; }
    public IArtifactStore Artifacts { get; }

    public Task<ArtifactRef> Put(string key, string text) => Put(key, Encoding.UTF8.GetBytes(text));

    public Task<ArtifactRef> Put(string key, byte[] bytes) =>
        Artifacts.WriteAsync(key, "text/plain", async (stream, token) => await stream.WriteAsync(bytes, token), CancellationToken.None);

    public void Dispose() => System.IO.Directory.Delete(Root, recursive: true);
}
