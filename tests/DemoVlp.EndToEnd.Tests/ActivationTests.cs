using DemoVlp.Client;
using DemoVlp.Contracts.Http;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>Another model takes over, and gives back, while people search and ask: nobody notices but by the model's name.</summary>
public abstract class ActivationTests
{
    private const int Videos = 12, Clients = 2, TurnsBetween = 5;

    private readonly SystemUnderTest system;

    protected ActivationTests(SystemUnderTest system)
    {
        Assert.SkipWhen(system.Unavailable is not null, system.Unavailable ?? "");
        this.system = system;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Activation_ThereAndBackUnderConstantQueries_FailsNoneAndSwitchesOnceEachWay()
    {
        var ids = new List<Guid>();
        foreach (var clip in await ManyClips.MakeAsync(Videos, Token)) ids.Add((await system.Library.UploadPatientlyAsync(clip, "clip.mp4", Token)).Id);
        foreach (var id in ids) Assert.Equal(VideoStatus.Indexed, (await system.Library.SettledAsync(id, Token)).Status);
        var (search, answers) = (await system.Client.ActiveAsync("retrieval", Token), await system.Client.ActiveAsync("question-answering", Token));
        var (nextSearch, nextAnswers) = (await ImportAgainAsync(search, "next-search"), await ImportAgainAsync(answers, "next-answers"));

        var clients = Enumerable.Range(0, Clients).Select(_ => new ConstantQueries(system.NewClient(), ids)).ToList();
        var enough = false;
        var asking = clients.Select(client => Task.Run(() => client.AskAsync(() => Volatile.Read(ref enough), Token), Token)).ToList();
        await TurnsAsync();
        foreach (var version in new[] { nextSearch, nextAnswers, search.Version, answers.Version })
        {
            await system.Client.SwitchToAsync(version, Token);
            await TurnsAsync();
        }
        Volatile.Write(ref enough, true);
        await Task.WhenAll(asking);

        foreach (var client in clients)
        {
            Assert.Equal([search.Version, nextSearch, search.Version], Changes(client.Searched));
            Assert.Equal([answers.Version, nextAnswers, answers.Version], Changes(client.Answered));
            client.Dispose();
        }

        // Everybody has asked a few times more; or somebody's request has failed, which is said when all are awaited.
        async Task TurnsAsync()
        {
            var before = clients.Select(client => client.Searched.Count).ToList();
            await Eventually.TrueAsync("both have gone on asking", () =>
                asking.Exists(task => task.IsCompleted) || Enumerable.Range(0, Clients).All(i => clients[i].Searched.Count >= before[i] + TurnsBetween), Token, TimeSpan.FromMinutes(1));
            if (asking.Find(task => task.IsCompleted) is { } failed) await failed;
        }
    }

    // What matters here is who answers, not what: the same weights under another name.
    private async Task<string> ImportAgainAsync(Model model, string name)
    {
        using var folder = new TemporaryFolder();
        var files = new List<(string, string)>();
        foreach (var file in (string[])["config.json", "model.safetensors", "vocab.txt", .. model.Configuration!.Answers > 0 ? ["answers.txt"] : Array.Empty<string>()])
        {
            var path = Path.Combine(folder.Path, file);
            await using var source = await system.Client.OpenModelFileAsync(model.Version, file, cancellationToken: Token);
            await using var target = File.Create(path);
            await source.CopyToAsync(target, Token);
            files.Add(("model", path));
        }
        return (await system.Client.ImportModelAsync(new ModelUpload(files) { Name = name }, cancellationToken: Token)).Version;
    }

    private static List<string> Changes(IReadOnlyList<string> versions) => [.. versions.Where((version, i) => i == 0 || version != versions[i - 1])];
}

/// <summary>In one process.</summary>
public sealed class StandaloneActivationTests(StandaloneSystem system) : ActivationTests(system), IClassFixture<StandaloneSystem>;

/// <summary>With two replicas that answer queries, over PostgreSQL.</summary>
public sealed class DistributedActivationTests(DistributedSystem system) : ActivationTests(system), IClassFixture<DistributedSystem>;
