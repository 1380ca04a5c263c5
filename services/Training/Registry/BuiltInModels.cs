using System.Reflection;
using DemoVlp.Artifacts;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Announcements;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;
using ModelTasks = DemoVlp.Contracts.Models.ModelTasks;

namespace DemoVlp.Training.Registry;

/// <summary>
/// Gives a new system something to answer with: tiny models with random weights. The same bytes come out wherever this runs, and every step
/// can be repeated, so replicas that start at once do it once.
/// </summary>
internal sealed partial class BuiltInModels(IServiceScopeFactory scopes, IHostApplicationLifetime lifetime, ILogger<BuiltInModels> log) : BackgroundService
{
    private const ulong Seed = 20220314;

    // What the built-in tiny detector puts out.
    private const int FeatureDim = 256;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private static readonly (string Version, string Task, Guid Activation, string Description)[] Models =
    [
        ("tiny-retrieval-untrained-1", ModelTasks.Retrieval, new("7d6f3c8e-54a1-4e1b-9a53-0b6c2f1d0001"),
            "Untrained: its weights are random, so search works but its order means nothing. Train it on captioned videos."),
        ("tiny-question-answering-untrained-1", ModelTasks.QuestionAnswering, new("7d6f3c8e-54a1-4e1b-9a53-0b6c2f1d0002"),
            "Untrained: its weights are random, so every question gets an answer but none means anything."),
    ];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.WaitForStartAsync(stoppingToken)) return;
        while (true)
        {
            try
            {
                await EnsureAsync(stoppingToken);
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // The database may still be on its way up, or waiting to be migrated.
                LogLater(e);
            }
            await Task.Delay(Pause, stoppingToken);
        }
    }

    private async Task EnsureAsync(CancellationToken cancellationToken)
    {
        foreach (var builtIn in Models)
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<TrainingDbContext>();
            // A model that somebody activated for the task is never pushed aside.
            if (await database.Activations.AnyAsync(a => a.Task == builtIn.Task, cancellationToken)) continue;
            var registry = scope.ServiceProvider.GetRequiredService<ModelRegistry>();
            var model = await registry.FindAsync(builtIn.Version, cancellationToken);
            if (model is null)
            {
                model = new ModelRow
                {
                    Version = builtIn.Version, Task = builtIn.Task, Origin = "built-in", Directory = VideoArtifacts.Model(builtIn.Version),
                    Description = builtIn.Description, CreatedAt = scope.ServiceProvider.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime,
                };
                var folder = Directory.CreateTempSubdirectory("demovlp-model-");
                try
                {
                    ModelDirectory.CreateTiny(folder.FullName, Lines("vocab.txt"), FeatureDim, builtIn.Task == ModelTasks.QuestionAnswering ? Lines("answers.txt") : null, Seed);
                    await registry.AddAsync(model, folder.FullName, cancellationToken);
                }
                finally
                {
                    folder.Delete(recursive: true);
                }
            }
            await scope.ServiceProvider.GetRequiredService<Activations>().RequestAsync(model, builtIn.Activation, cancellationToken);
            await scope.ServiceProvider.GetRequiredService<Announcer>().AnnounceAsync(cancellationToken);
        }
    }

    internal static string[] Lines(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"DemoVlp.Training.BuiltIn.{name}")
            ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [LoggerMessage(LogLevel.Warning, "The built-in models could not be entered; it will be tried again in a few seconds.")]
    private partial void LogLater(Exception exception);
}
