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
/// Gives a new system something to answer with: tiny models trained by this project on Moving Shapes (<c>infra/train-built-in.sh</c>), and an untrained one to start
/// from with nothing learnt. The same bytes come out wherever this runs, and every step can be repeated, so replicas that start at once do it once.
/// </summary>
internal sealed partial class BuiltInModels(IServiceScopeFactory scopes, IHostApplicationLifetime lifetime, ILogger<BuiltInModels> log) : BackgroundService
{
    /// <summary>The models that answer where nothing else was put in service. Other weights need another version: what a store has under one is kept.</summary>
    public const string Retrieval = "moving-shapes-retrieval-6", QuestionAnswering = "moving-shapes-question-answering-6";

    /// <summary>What training starts from if nothing that the others know is to be in the new model.</summary>
    public const string Untrained = "tiny-untrained-2";

    private const string Shapes = "It knows 8 shapes, 8 colours, 2 sizes and 6 motions, and nothing of the real world.";
    private const ulong Seed = 20220314;

    // What the built-in tiny detector puts out.
    private const int FeatureDim = 256;

    // Of a frame: one more than Moving Shapes has objects.
    private const int Regions = 4;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private static readonly IReadOnlyList<BuiltIn> Models =
    [
        new(Retrieval, ModelTasks.Retrieval, Answers: true, $"Trained by this project on its generated clips, Moving Shapes. {Shapes}"),
        new(QuestionAnswering, ModelTasks.QuestionAnswering, Answers: true, $"Trained by this project on questions about its generated clips, Moving Shapes. {Shapes}"),
        new(Untrained, ModelTasks.Retrieval, Answers: false, "Untrained: its weights are random. Something to start a training from, for retrieval or for questions."),
    ];

    /// <summary>A model in the box, and whether it answers where nothing was activated for its task.</summary>
    private sealed record BuiltIn(string Version, string Task, bool Answers, string Description);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.WaitForStartAsync(stoppingToken)) return;
        while (true)
        {
            try
            {
                foreach (var model in Models) await EnsureAsync(model, stoppingToken);
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

    /// <summary>Writes a built-in model's directory.</summary>
    internal static void Write(string version, string directory)
    {
        if (version == Untrained)
        {
            var folder = Directory.CreateTempSubdirectory("demovlp-vocabulary-");
            try
            {
                Write(Retrieval, folder.FullName);
                using var trained = ModelDirectory.Load(folder.FullName);
                ModelDirectory.CreateTiny(directory, trained.Vocabulary, FeatureDim, seed: Seed, objectNum: Regions, timeAttention: true);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
            return;
        }
        var assembly = Assembly.GetExecutingAssembly();
        var prefix = $"BuiltIn/{version}/";
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var source = assembly.GetManifestResourceStream(name)!;
            using var target = File.Create(Path.Combine(directory, name[prefix.Length..]));
            source.CopyTo(target);
        }
    }

    private async Task EnsureAsync(BuiltIn builtIn, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var registry = services.GetRequiredService<ModelRegistry>();
        var model = await registry.FindAsync(builtIn.Version, cancellationToken);
        if (model is null)
        {
            model = new ModelRow
            {
                Version = builtIn.Version, Task = builtIn.Task, Origin = "built-in", Directory = VideoArtifacts.Model(builtIn.Version),
                Description = builtIn.Description, CreatedAt = services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime,
            };
            var folder = Directory.CreateTempSubdirectory("demovlp-model-");
            try
            {
                Write(builtIn.Version, folder.FullName);
                await registry.AddAsync(model, folder.FullName, cancellationToken);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }
        // A model that somebody activated for the task is never pushed aside.
        var database = services.GetRequiredService<TrainingDbContext>();
        if (!builtIn.Answers || await database.Activations.AnyAsync(a => a.Task == builtIn.Task, cancellationToken)) return;
        await services.GetRequiredService<Activations>().RequestAsync(model, HashedGuid.Of($"built-in\n{builtIn.Version}"), cancellationToken);
        await services.GetRequiredService<Announcer>().AnnounceAsync(cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning, "The built-in models could not be entered; it will be tried again in a few seconds.")]
    private partial void LogLater(Exception exception);
}
