using DemoVlp.Artifacts;
using DemoVlp.Database;
using DemoVlp.Modeling;
using DemoVlp.Training.Announcements;
using DemoVlp.Training.Data;
using DemoVlp.Training.Evaluations;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Registry;
using DemoVlp.Training.Registry.Import;
using DemoVlp.Training.Runs;
using MassTransit;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DemoVlp.Training;

/// <summary>The training service as a module: what its own host and the standalone one compose.</summary>
public static class TrainingModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddTraining(this IHostApplicationBuilder builder)
    {
        builder.AddArtifacts();
        builder.AddDatabase<TrainingDbContext, SqliteTrainingDbContext, PostgresTrainingDbContext>(TrainingDbContext.Schema);
        builder.Services.AddOptions<TrainingOptions>().BindConfiguration("Training").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton(services => ComputeSettings.Apply(key => services.GetRequiredService<IConfiguration>()[key]));
        builder.Services.AddSingleton<RunLeases>();
        builder.Services.AddSingleton<ImportFolder>().AddSingleton<DatasetUpkeepSignal>().AddSingleton(services => new ProcessStart(services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime));
        builder.Services.AddScoped<LibraryDataset>().AddScoped<ShapesFiles>().AddScoped<BenchmarkCounter>().AddScoped<ClipVideos>().AddScoped<ClipPreparation>().AddScoped<DatasetCatalog>().AddScoped<DatasetRequests>().AddScoped<DatasetChores>()
            .AddScoped<ClipRegionsReader>().AddScoped<FindDataset>(services => services.GetRequiredService<DatasetCatalog>().FindAsync);
        builder.Services.AddSingleton<EvaluationLeases>().AddSingleton<ModelConfigurations>().AddSingleton<NamedFiles>();
        builder.Services.AddScoped<ModelRegistry>().AddScoped<Activations>().AddScoped<Announcer>().AddScoped<EvaluationRequests>().AddScoped<EvaluationTexts>().AddScoped<EvaluationExecution>()
            .AddScoped<ModelDescriptions>().AddScoped<ActivationGate>().AddScoped<KeptWeights>().AddScoped<ModelImport>();
        builder.Services.AddScoped<RunRequests>().AddScoped<RunDataSets>().AddScoped<RunCorpus>().AddScoped<Estimates>().AddScoped<RunEstimates>().AddScoped<CheckpointRetention>().AddScoped<Fit>().AddScoped<RunExecution>();
        builder.Services.AddHostedService<ComputeCheck>().AddHostedService<BuiltInModels>().AddHostedService<AnnouncementSweep>().AddHostedService<DatasetUpkeep>().AddHostedService<TrainingRunner>().AddHostedService<EvaluationRunner>();
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddTrainingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<TrackLibraryConsumer, TrackLibraryDefinition>();
        bus.AddConsumer<TrackDatasetClipsConsumer, TrackDatasetClipsDefinition>();
        bus.AddConsumer<TrackDetectorConsumer, TrackDetectorDefinition>();
        bus.AddConsumer<StartTrainingConsumer, StartTrainingDefinition>();
        bus.AddConsumer<CancelTrainingConsumer, CancelTrainingDefinition>();
        bus.AddConsumer<TrackCorpusConsumer, TrackCorpusDefinition>();
        bus.AddConsumer<TrackIndexConsumer, TrackIndexDefinition>();
        bus.AddConsumer<TrackEvaluationTextsConsumer, TrackEvaluationTextsDefinition>();
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapTraining(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRuns();
        endpoints.MapModels();
        endpoints.MapDatasets();
        endpoints.MapEvaluations();
        return endpoints;
    }
}
