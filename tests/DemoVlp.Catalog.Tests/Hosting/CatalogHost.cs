using DemoVlp.Artifacts;
using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Redrive;
using DemoVlp.Testing;
using MassTransit;
using MassTransit.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DemoVlp.Catalog.Tests.Hosting;

/// <summary>The service with SQLite and a bus in memory in a folder of its own; the sweep runs only where it is asked for.</summary>
internal sealed class CatalogHost : WebApplicationFactory<CatalogOptions>
{
    private readonly TemporaryFolder? ownFolder;
    private readonly string folder;
    private readonly Dictionary<string, string> settings;
    private readonly bool sweeping, kestrel;
    private readonly Action<IBusRegistrationConfigurator>? others;

    public CatalogHost(
        Dictionary<string, string>? settings = null, bool sweeping = false, string? folder = null, bool kestrel = false, Action<IBusRegistrationConfigurator>? others = null)
    {
        if (folder is null) ownFolder = new TemporaryFolder();
        this.folder = folder ?? ownFolder!.Path;
        this.settings = settings ?? [];
        (this.sweeping, this.kestrel, this.others) = (sweeping, kestrel, others);
        if (kestrel) UseKestrel(0);
    }

    /// <summary>Whatever it publishes.</summary>
    public Recorder Recorder => new(Harness.Published);

    public ITestHarness Harness => Services.GetTestHarness();

    public IArtifactStore Store => Services.GetRequiredService<IArtifactStore>();

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Artifacts:Root", Path.Combine(folder, "artifacts"));
        builder.UseSetting("Database:Folder", Path.Combine(folder, "database"));
        builder.UseSetting("Catalog:RedriveAfter", "00:02:00");
        foreach (var (key, value) in settings) builder.UseSetting(key, value);
        builder.ConfigureTestServices(services =>
        {
            // MassTransit keeps the first host's logger for the whole process, also when that host is gone.
            services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
            services.AddMassTransitTestHarness(bus => others?.Invoke(bus));
            // MassTransit fails where a bus is stopped while one of its endpoints is still starting.
            services.Configure<MassTransitHostOptions>(options => options.WaitUntilStarted = true);
            services.AddOpenApi();
            if (!sweeping) services.Remove(services.Single(service => service.ImplementationType == typeof(SweepService)));
        });
    }

    /// <summary>A client that sends what it is given: the factory's own one keeps a copy of it in memory, for redirects.</summary>
    public HttpClient Client()
    {
        if (!kestrel) return CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false, HandleCookies = false });
        StartServer();
        return new HttpClient { BaseAddress = ClientOptions.BaseAddress };
    }

    /// <summary>How many such messages have gone through a consumer.</summary>
    public int Consumed<T>(Func<T, bool> about) where T : class
    {
        // Already ended: a search that waits for more is not wanted here.
        using var now = new CancellationTokenSource();
        now.Cancel();
        return Harness.Consumed.Select<T>(now.Token).Count(received => about(received.Context.Message));
    }

    public async Task<T> ScopedAsync<TService, T>(Func<TService, Task<T>> use) where TService : notnull
    {
        await using var scope = Services.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<TService>());
    }

    public Task<VideoRow> RowAsync(Guid id) => ScopedAsync((CatalogDbContext database) => database.Videos.AsNoTracking().SingleAsync(v => v.Id == id));

    /// <summary>One round of the sweep, as if it were <paramref name="later"/> later.</summary>
    public Task<int> SweepAsync(TimeSpan later) => ScopedAsync((VideoSweep sweep) => sweep.RunAsync(Clock.Now + later, CancellationToken.None));

    /// <summary>Everything under videos/ and everything half written.</summary>
    public IReadOnlyList<string> Files() => !Directory.Exists(Path.Combine(folder, "artifacts")) ? [] :
        [.. Directory.EnumerateFileSystemEntries(Path.Combine(folder, "artifacts"), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Path.Combine(folder, "artifacts"), path)).Where(path => path is not (".incoming" or "videos"))];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        ownFolder?.Dispose();
    }
}

/// <summary>A host for all tests of a class.</summary>
public sealed class CatalogFixture : IAsyncDisposable
{
    internal CatalogHost Host { get; } = new();

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
