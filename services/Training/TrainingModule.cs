using MassTransit;

namespace DemoVlp.Training;

/// <summary>The training service as a module: what its own host and the standalone one compose.</summary>
public static class TrainingModule
{
    /// <summary>Adds what the service works with.</summary>
    public static IHostApplicationBuilder AddTraining(this IHostApplicationBuilder builder)
    {
        return builder;
    }

    /// <summary>Adds its consumers.</summary>
    public static void AddTrainingConsumers(this IBusRegistrationConfigurator bus)
    {
    }

    /// <summary>Maps its HTTP API.</summary>
    public static IEndpointRouteBuilder MapTraining(this IEndpointRouteBuilder endpoints)
    {
        return endpoints;
    }
}
