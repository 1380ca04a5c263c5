using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.ServiceDefaults;
using DemoVlp.Testing;
using DemoVlp.TextTokenization;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelTasks = DemoVlp.Contracts.Models.ModelTasks;

namespace DemoVlp.QueryAnswering.Tests;

/// <summary>The service and the text service on one bus, with a store of their own. Tiny untrained models: every number is real, none is clever.</summary>
public sealed class World : IAsyncDisposable
{
    public static readonly string[] Vocabulary =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "blue", "circle", "square", "move", "##s", "what", "color", "is", "the", "?", "!", "left", "right", "dog"];

    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly TemporaryFolder folder = new();
    private TestDatabase? postgres;
    private WebApplication app = null!;
    private int activations;
    private string precision = "";

    private World()
    {
    }

    public Recorder Recorder { get; } = new();
    public HttpClient Http { get; private set; } = null!;
    public IServiceProvider Services => app.Services;
    public IArtifactStore Artifacts => Services.GetRequiredService<IArtifactStore>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<World> StartAsync(Action<IBusRegistrationConfigurator>? text = null, bool onPostgres = false, string precision = "")
    {
        var world = new World { precision = precision };
        if (onPostgres) world.postgres = await TestPostgres.CreateDatabaseAsync(Cancellation);
        await world.StartHostAsync(text ?? TextTokenizationModule.AddTextTokenizationConsumers);
        return world;
    }

    /// <summary>The process ends and another starts on the same data.</summary>
    public async Task RestartAsync()
    {
        await app.DisposeAsync();
        await StartHostAsync(TextTokenizationModule.AddTextTokenizationConsumers);
    }

    public async Task<ArtifactRef> PutRegionsAsync(Guid id, int seed, int featureDim = Regions.FeatureDim) =>
        await Artifacts.WriteAsync($"videos/{id:n}/regions/regions.safetensors", "application/x-safetensors", (stream, _) =>
        {
            Regions.Create(seed, featureDim).Save(stream);
            return Task.CompletedTask;
        }, Cancellation);

    public Task Publish<T>(T message) where T : class => Services.GetRequiredService<IBus>().Publish(message, Cancellation);

    /// <summary>Announces a video as the other services would; it need not be indexed when this returns.</summary>
    public async Task<Guid> AddVideoAsync(int seed, string? title = null)
    {
        var id = Guid.NewGuid();
        var regions = await PutRegionsAsync(id, seed);
        await Publish(new VideoDescribed { VideoId = id, Revision = 1, Title = title ?? $"Video {seed}", Captions = [] });
        await Publish(Extracted(id, regions));
        return id;
    }

    public static RegionsExtracted Extracted(Guid id, ArtifactRef regions) => new() { VideoId = id, Regions = regions, RegionCount = 12, Detector = "test" };

    public async Task<IReadOnlyList<Guid>> AddIndexedVideosAsync(int count)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < count; i++) ids.Add(await AddVideoAsync(i));
        await EventuallyAsync("all videos are indexed and named", () => ids.All(id => Recorder.All<VideoIndexed>().Any(v => v.VideoId == id)));
        await Eventually.TrueAsync("all videos have titles", async _ => await Query(db => db.Videos.CountAsync(v => v.Title != "", Cancellation)) >= count, Cancellation);
        return ids;
    }

    public ModelActivated MakeModel(string version, ulong seed = 0, bool questions = false, int featureDim = Regions.FeatureDim, IReadOnlyList<string>? vocabulary = null)
    {
        var directory = folder["artifacts", "models", version];
        if (!Directory.Exists(directory))
            ModelDirectory.CreateTiny(directory, vocabulary ?? Vocabulary, featureDim, questions ? ["red", "blue", "two"] : null, seed, Regions.Frames, Regions.PerFrame);
        return Activation(version, questions ? ModelTasks.QuestionAnswering : ModelTasks.Retrieval);
    }

    public ModelActivated Activation(string version, string task = ModelTasks.Retrieval) => new()
    {
        ActivationId = Guid.NewGuid(), ActivatedAt = Start.AddMinutes(activations++), ModelVersion = version, Task = task, ModelDirectory = $"models/{version}",
    };

    public async Task<ModelActivated> ActivateAsync(string version, ulong seed = 0, bool questions = false)
    {
        var activation = MakeModel(version, seed, questions);
        await Publish(activation);
        await RebuiltAsync(activation);
        return activation;
    }

    public Task RebuiltAsync(ModelActivated activation) =>
        EventuallyAsync($"{activation.ModelVersion} answers", () => Recorder.All<IndexRebuilt>().Any(r => r.ActivationId == activation.ActivationId));

    public static Task EventuallyAsync(string what, Func<bool> condition) => Eventually.TrueAsync(what, condition, Cancellation, TimeSpan.FromSeconds(60));

    public Task<SearchResponse> SearchAsync(string query, int limit = 100, string? cursor = null, SearchFilter? filter = null) =>
        PostAsync<SearchResponse>("search", new SearchRequest { Query = query, Limit = limit, Cursor = cursor, Filter = filter });

    public async Task<T> PostAsync<T>(string path, object body)
    {
        using var response = await Http.PostAsJsonAsync($"/api/v1/{path}", body, Cancellation);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancellation));
        return (await response.Content.ReadFromJsonAsync<T>(Cancellation))!;
    }

    public async Task RefusedAsync(HttpStatusCode status, string code, string path, object body)
    {
        using var response = await Http.PostAsJsonAsync($"/api/v1/{path}", body, Cancellation);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal((status, code), (response.StatusCode, problem.GetProperty("code").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
    }

    internal async Task<T> Query<T>(Func<QueryDbContext, Task<T>> query)
    {
        await using var scope = Services.CreateAsyncScope();
        return await query(scope.ServiceProvider.GetRequiredService<QueryDbContext>());
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        if (postgres is not null) await postgres.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        folder.Dispose();
    }

    private async Task StartHostAsync(Action<IBusRegistrationConfigurator> text)
    {
        // MassTransit keeps the first host's loggers for the whole process, and those are gone once that host is.
        LogContext.ConfigureCurrentLogContext(NullLoggerFactory.Instance);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        var settings = builder.Configuration;
        (settings["Artifacts:Root"], settings["Database:Folder"]) = (folder["artifacts"], folder["database"]);
        (settings["Compute:Device"], settings["Compute:Precision"]) = ("cpu", precision);
        if (postgres is not null) (settings["Database:Provider"], settings["Database:ConnectionString"]) = ("postgres", postgres.ConnectionString);
        builder.AddServiceDefaults("query-answering");
        builder.AddQueryAnswering().AddTextTokenization();
        builder.Services.AddSingleton(Recorder);
        builder.AddMessaging(QueryAnsweringModule.AddQueryAnsweringConsumers, text, Recorder.AddConsumers);
        app = builder.Build();
        app.UseServiceDefaults();
        app.MapQueryAnswering();
        if (postgres is not null)
        {
            await using var scope = app.Services.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<QueryDbContext>().Database.MigrateAsync(Cancellation);
        }
        await app.StartAsync(Cancellation);
        Http = app.GetTestClient();
    }
}
