using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace DemoVlp.Artifacts;

/// <summary>Registers the artifact store.</summary>
public static class ArtifactsExtensions
{
    /// <summary>Adds <see cref="IArtifactStore"/> below the folder <c>Artifacts:Root</c>. May be called by several modules of one process.</summary>
    public static IHostApplicationBuilder AddArtifacts(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<IArtifactStore>(services =>
            new LocalArtifactStore(services.GetRequiredService<IConfiguration>()["Artifacts:Root"]
                ?? throw new InvalidOperationException("Artifacts:Root is not set: name the folder that keeps artifacts.")));
        return builder;
    }
}
