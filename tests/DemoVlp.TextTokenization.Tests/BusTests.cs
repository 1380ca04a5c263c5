using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Text;
using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.TextTokenization.Tests;

public sealed class BusTests : IAsyncLifetime
{
    private readonly Store store = new();
    private readonly Dictionary<Guid, int> asked = [];
    private ServiceProvider services = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ITestHarness Harness => services.GetRequiredService<ITestHarness>();

    public async ValueTask InitializeAsync()
    {
        services = new ServiceCollection()
            .AddSingleton(store.Artifacts).AddSingleton<Vocabularies>()
            .AddMassTransitTestHarness(bus => bus.AddTextTokenizationConsumers()).BuildServiceProvider(true);
        await Harness.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        store.Dispose();
    }

    [Fact]
    public async Task TokenizeText_WhenAsked_AnswersEachTextInOrder()
    {
        var answer = await Ask(Request("a red circle", "moves"));
        Assert.True(answer.Is(out Response<TextTokenized>? tokenized));
        Assert.Equal([[2, 4, 5, 6, 3], [2, 7, 8, 3]], tokenized!.Message.Texts.Select(text => text.Ids));
    }

    [Fact]
    public async Task TokenizeText_WhenTheModelIsUnknown_SaysSo() =>
        await Refused("model-not-found", Request("red") with { ModelVersion = "other", ModelDirectory = "models/other" });

    [Fact]
    public async Task TokenizeText_WhenTheDirectoryIsNoKey_SaysSoWithoutLookingThere() =>
        await Refused("model-not-found", Request("red") with { ModelVersion = "other", ModelDirectory = "../../etc" });

    [Fact]
    public async Task TokenizeText_WhenTheVocabularyIsBroken_SaysSo()
    {
        await store.Put("models/broken/vocab.txt", "red\n");
        await Refused("bad-vocabulary", Request("red") with { ModelVersion = "broken", ModelDirectory = "models/broken" });
    }

    [Fact]
    public async Task TokenizeText_WhenThereIsTooMuchToDo_Refuses()
    {
        await Refused("too-many-texts", Request(Enumerable.Repeat("red", 257).ToArray()));
        await Refused("text-too-long", Request(new string('a', 100_001)));
        await Refused("bad-length", Request("red") with { MaxLength = 1 });
    }

    [Fact]
    public async Task TokenizeCorpus_WhenAskedTwice_IsTokenisedOnceAndAnnouncedTwice()
    {
        var request = await Corpus("a red circle\n\nmoves café and more of it\n");
        var first = await Tokenize(request);
        Assert.Equal(1, first.TruncatedTexts);
        var (ids, offsets) = ReadTokens(first.Tokens!);
        Assert.Equal([0, 5, 7, 13], offsets);
        Assert.Equal([2, 4, 5, 6, 3, 2, 3, 2, 7, 8, 10, 1, 3], ids);

        var path = store.Artifacts.GetLocalPath(first.Tokens!);
        var written = File.GetLastWriteTimeUtc(path);
        Assert.Equal(first, await Tokenize(request));
        Assert.Equal(written, File.GetLastWriteTimeUtc(path));
    }

    [Fact]
    public async Task TokenizeCorpus_WhenTheLengthAskedDiffersFromWhatIsThere_IsTokenisedAnew()
    {
        var request = await Corpus("a red circle moves");
        await Tokenize(request);
        var other = await Tokenize(request with { MaxLength = 4 });
        Assert.Equal([0, 4], ReadTokens(other.Tokens!).Offsets);
    }

    [Fact]
    public async Task TokenizeCorpus_WhenItCannotBeDone_SaysWhy()
    {
        var request = await Corpus("red");
        Assert.Equal("model-not-found", (await Tokenize(request with { CorpusId = Guid.NewGuid(), ModelVersion = "other", ModelDirectory = "models/other" })).FailureCode);
        Assert.Equal("bad-corpus", (await Tokenize(request with { CorpusId = Guid.NewGuid(), Texts = request.Texts with { Key = "corpora/none" } })).FailureCode);
        Assert.Equal("bad-corpus", (await Tokenize(request with { CorpusId = Guid.NewGuid(), Texts = await store.Put("corpora/latin", Encoding.Latin1.GetBytes("café")) })).FailureCode);
        Assert.Equal("text-too-long", (await Tokenize(request with { CorpusId = Guid.NewGuid(), Texts = await store.Put("corpora/long", new string('a', 100_001)) })).FailureCode);
    }

    private static TokenizeText Request(params string[] texts) =>
        new() { ModelVersion = Store.Model, ModelDirectory = Store.Directory, Texts = texts, MaxLength = 16 };

    private Task<Response<TextTokenized, TokenizationRefused>> Ask(TokenizeText request) =>
        Harness.GetRequestClient<TokenizeText>().GetResponse<TextTokenized, TokenizationRefused>(request, Cancellation);

    private async Task Refused(string code, TokenizeText request)
    {
        var answer = await Ask(request);
        Assert.True(answer.Is(out Response<TokenizationRefused>? refused));
        Assert.Equal(code, refused!.Message.Code);
    }

    private async Task<TokenizeCorpus> Corpus(string text) => new()
    {
        CorpusId = Guid.NewGuid(), ModelVersion = Store.Model, ModelDirectory = Store.Directory, Texts = await store.Put("corpora/texts", text), MaxLength = 6,
    };

    private async Task<CorpusTokenized> Tokenize(TokenizeCorpus request)
    {
        await Harness.Bus.Publish(request, Cancellation);
        var before = asked.GetValueOrDefault(request.CorpusId);
        asked[request.CorpusId] = before + 1;
        var published = await Harness.Published.SelectAsync<CorpusTokenized>(p => p.Context.Message.CorpusId == request.CorpusId, Cancellation)
            .Skip(before).FirstAsync(Cancellation);
        return published.Context.Message;
    }

    private (int[] Ids, long[] Offsets) ReadTokens(ArtifactRef tokens)
    {
        var bytes = File.ReadAllBytes(store.Artifacts.GetLocalPath(tokens));
        var start = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, start % 8);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, start - 8));
        byte[] Data(string name)
        {
            var range = header.RootElement.GetProperty(name).GetProperty("data_offsets");
            return bytes[(start + range[0].GetInt32())..(start + range[1].GetInt32())];
        }
        Assert.Equal(bytes.Length, start + header.RootElement.GetProperty("ids").GetProperty("data_offsets")[1].GetInt32());
        return (Data("ids").Chunk(4).Select(b => BitConverter.ToInt32(b)).ToArray(), Data("offsets").Chunk(8).Select(b => BitConverter.ToInt64(b)).ToArray());
    }
}
