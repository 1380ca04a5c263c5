using DemoVlp.Artifacts;
using DemoVlp.Contracts.Text;
using DemoVlp.Database;
using DemoVlp.Modeling;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Generations;
using DemoVlp.QueryAnswering.Index;
using DemoVlp.QueryAnswering.Models;
using DemoVlp.QueryAnswering.Questions;
using DemoVlp.QueryAnswering.Search;
using DemoVlp.QueryAnswering.Videos;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DemoVlp.QueryAnswering;

/// <summary>The query-answering service as a module: what its own host and the standalone one compose.</summary>
public static class QueryAnsweringModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddQueryAnswering(this IHostApplicationBuilder builder)
    {
        builder.AddArtifacts();
        builder.AddDatabase<QueryDbContext, SqliteQueryDbContext, PostgresQueryDbContext>(QueryDbContext.Schema, npgsql => npgsql.UseVector());
        var services = builder.Services;
        services.AddOptions<QueryOptions>().BindConfiguration("Query").ValidateDataAnnotations().ValidateOnStart();
        if (DatabaseProvider.Read(builder.Configuration) == DatabaseProvider.Sqlite) services.AddSingleton<IEmbeddingIndex, ExactIndex>();
        else services.AddSingleton<IEmbeddingIndex, PgVectorIndex>();
        services.TryAddSingleton(provider => ComputeSettings.Apply(key => provider.GetRequiredService<IConfiguration>()[key]));
        services.AddSingleton<ModelCache>().AddSingleton<Inference>().AddSingleton<RegionReader>().AddSingleton<BuildSignal>();
        services.AddScoped<EmbeddingStore>().AddScoped<VideoEmbedder>().AddScoped<GenerationSwitch>().AddScoped<GenerationBuild>();
        services.AddScoped<Tokenizer>().AddScoped<VideoSearch>().AddScoped<QuestionAnswering>();
        services.AddHostedService<IndexBuilder>();
        services.AddHealthChecks().AddCheck<ModelHealthCheck>("query-models", tags: ["ready"]);
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddQueryAnsweringConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<IndexVideoConsumer, IndexVideoConsumerDefinition>();
        bus.AddConsumer<DescribeVideoConsumer, DescribeVideoConsumerDefinition>();
        bus.AddConsumer<DeleteVideoConsumer, DeleteVideoConsumerDefinition>();
        bus.AddConsumer<ActivateModelConsumer, ActivateModelConsumerDefinition>();
        bus.AddRequestClient<TokenizeText>(RequestTimeout.After(ms: (int)Tokenizer.Patience.TotalMilliseconds));
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapQueryAnswering(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1");
        api.MapSearchApi();
        api.MapAnswersApi();
        api.MapChoicesApi();
        return endpoints;
    }
}
