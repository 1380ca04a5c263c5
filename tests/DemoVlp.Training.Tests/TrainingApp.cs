using System.Net.Http.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling.Regions;
using DemoVlp.Testing;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using MassTransit;
using MassTransit.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DemoVlp.Training.Tests;

/// <summary>The training service as its own host, on SQLite and an in-memory bus, with stand-ins for the services it talks to.</summary>
public sealed class TrainingApp : WebApplicationFactory<TrainingOptions>
{
    private readonly TemporaryFolder folder;
    private readonly bool ownsFolder;
    private readonly Dictionary<string, string> settings = [];

    public TrainingApp(TemporaryFolder? sharedFolder = null, Dictionary<string, string>? settings = null)
    {
        (folder, ownsFolder) = (sharedFolder ?? new TemporaryFolder(), sharedFolder is null);
        foreach (var (key, value) in settings ?? []) this.settings[key] = value;
    }

    /// <summary>What the stand-ins answer.</summary>
    internal Neighbours Neighbours { get; } = new();

    /// <summary>The clock of the service.</summary>
    internal ShiftedTime Time { get; } = new();

    /// <summary>What the service has warned of.</summary>
    internal Warnings Warnings { get; } = new();

    /// <summary>Data sets of the test's own, besides those of the service.</summary>
    internal Dictionary<string, IDataset> Datasets { get; } = [];

    internal IArtifactStore Artifacts => Services.GetRequiredService<IArtifactStore>();

    internal ITestHarness Bus => Services.GetRequiredService<ITestHarness>();

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Artifacts:Root", folder["artifacts"]).UseSetting("Database:Folder", folder["database"]);
        foreach (var (key, value) in settings) builder.UseSetting(key, value);
        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton<TimeProvider>(Time).AddSingleton(Neighbours).AddSingleton<ILoggerProvider>(Warnings);
            services.AddScoped<FindDataset>(scope => async (name, stop) =>
                Datasets.TryGetValue(name, out var own) ? own : await scope.GetRequiredService<DatasetCatalog>().FindAsync(name, stop));
            services.AddMassTransitTestHarness(bus =>
            {
                bus.AddConsumer<TokenizerStandIn>();
                bus.AddConsumer<IndexStandIn>();
                bus.AddConsumer<ExtractionStandIn>();
            });
        });
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && ownsFolder) folder.Dispose();
    }

    /// <summary>Uses a service of the host in a scope of its own.</summary>
    internal async Task<T> InScopeAsync<TService, T>(Func<TService, Task<T>> use) where TService : notnull
    {
        await using var scope = Services.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<TService>());
    }

    internal Task<T> InDatabaseAsync<T>(Func<TrainingDbContext, Task<T>> use) => InScopeAsync(use);

    /// <summary>Publishes as another service would.</summary>
    internal Task PublishAsync<T>(T message, CancellationToken stop) where T : class => Services.GetRequiredService<IBus>().Publish(message, stop);

    /// <summary>Writes a region file: two frames of three regions whose features depend on the clip alone.</summary>
    internal Task<ArtifactRef> WriteRegionsAsync(Guid videoId, int clip, CancellationToken stop, int featureDim = 256) =>
        WriteRegionsAsync(Services.GetRequiredService<IArtifactStore>(), videoId, clip, stop, featureDim);

    internal static async Task<ArtifactRef> WriteRegionsAsync(IArtifactStore artifacts, Guid videoId, int clip, CancellationToken stop, int featureDim = 256)
    {
        var random = new Random(clip);
        var frames = Enumerable.Range(0, 2).Select(f => new FrameRegions(f, f, 64, 48,
            [.. Enumerable.Range(0, 3 * featureDim).Select(_ => random.NextSingle() * 2 - 1)],
            [.. Enumerable.Range(0, 3).SelectMany(r => new float[] { r, r, r + 10 + clip, r + 20 })],
            [1, 2, 3], [0.9f, 0.8f, 0.7f], [1, 1, 1], [0.5f, 0.5f, 0.5f])).ToList();
        var file = new RegionFile("test", "test", featureDim, frames);
        return await artifacts.WriteAsync($"{VideoArtifacts.Regions(videoId)}/regions.safetensors", "application/octet-stream",
            (target, _) =>
            {
                file.Save(target);
                return Task.CompletedTask;
            }, stop);
    }

    /// <summary>Fills the library and waits until it is there.</summary>
    internal async Task<IReadOnlyList<Guid>> AddClipsAsync(IReadOnlyList<string> captions, CancellationToken stop)
    {
        var ids = captions.Select((_, i) => new Guid(i + 1, 0, 0, new byte[8])).ToList();
        for (var i = 0; i < ids.Count; i++)
        {
            await PublishAsync(new VideoDescribed { VideoId = ids[i], Revision = 1, Title = $"clip {i}", Captions = [captions[i]] }, stop);
            await PublishAsync(new RegionsExtracted { VideoId = ids[i], Regions = await WriteRegionsAsync(ids[i], i, stop), RegionCount = 6, Detector = "test" }, stop);
        }
        var client = CreateClient();
        await Eventually.TrueAsync("the library holds all clips", async token => (await LibraryAsync(client, token)).Clips == ids.Count, stop);
        return ids;
    }

    internal static async Task<Dataset> LibraryAsync(HttpClient client, CancellationToken stop) =>
        (await client.GetFromJsonAsync<Page<Dataset>>("/api/v1/datasets", stop))!.Items.Single(d => d.Name == "library");

    internal static async Task<IReadOnlyList<Model>> ModelsAsync(HttpClient client, CancellationToken stop) =>
        (await client.GetFromJsonAsync<Page<Model>>("/api/v1/models", stop))!.Items;

    /// <summary>Waits for the built-in models to be entered.</summary>
    internal static async Task<IReadOnlyList<Model>> BuiltInAsync(HttpClient client, CancellationToken stop) =>
        await Eventually.ValueAsync<IReadOnlyList<Model>>("the built-in models are in the registry",
            async token => await ModelsAsync(client, token) is { Count: 3 } all && all.Count(m => m.Activation is not null) == 2 ? all : null, stop, TimeSpan.FromMinutes(2));

    internal static async Task<TrainingRun> StartAsync(HttpClient client, TrainingRunRequest request, CancellationToken stop)
    {
        var response = await client.PostAsJsonAsync("/api/v1/training-runs", request, stop);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<TrainingRun>(stop))!;
    }

    /// <summary>Waits until a run is as wished.</summary>
    internal static Task<TrainingRun> RunAsync(HttpClient client, Guid id, string what, Func<TrainingRun, bool> wished, CancellationToken stop) =>
        Eventually.ValueAsync<TrainingRun>(what, async token => await client.GetFromJsonAsync<TrainingRun>($"/api/v1/training-runs/{id}", token) is { } run && wished(run) ? run : null,
            stop, TimeSpan.FromMinutes(3));
}
