using DemoVlp.Artifacts;
using DemoVlp.Modeling.Detection;

namespace DemoVlp.RegionExtraction.Detectors;

/// <summary>
/// The detector used where none is configured: small and with random weights, made on the spot. Its features tell pictures apart;
/// its labels mean nothing and say so.
/// </summary>
internal static class BuiltInDetector
{
    /// <summary>Its name, in every region file and answer.</summary>
    public const string Name = "tiny-untrained";

    private const string Key = $"detectors/{Name}";
    private const string ConfigFile = "config.json";
    private const int Labels = 16, Seed = 20220307;

    /// <summary>Its folder; it is made if it is not there. Whoever makes it makes the same bytes.</summary>
    public static async Task<string> EnsureAsync(IArtifactStore store, CancellationToken cancellationToken)
    {
        // The configuration is written last: where it is, the detector is whole.
        if (await store.FindAsync($"{Key}/{ConfigFile}", "application/json", cancellationToken) is null)
            await CreateAsync(store, cancellationToken);
        return store.GetLocalDirectory(Key);
    }

    private static async Task CreateAsync(IArtifactStore store, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("demovlp-detector-");
        try
        {
            DetectorDirectory.CreateTiny(folder.FullName, [.. Numbered("untrained class")], [.. Numbered("untrained attribute")], Seed);
            var config = Path.Combine(folder.FullName, ConfigFile);
            await File.WriteAllBytesAsync(config, (DetectorConfig.Parse(await File.ReadAllBytesAsync(config, cancellationToken)) with { Name = Name }).ToJson(), cancellationToken);
            foreach (var file in folder.EnumerateFiles().OrderBy(f => f.Name == ConfigFile))
            {
                await using var content = file.OpenRead();
                await store.WriteAsync($"{Key}/{file.Name}", "application/octet-stream", (stream, token) => content.CopyToAsync(stream, token), cancellationToken);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static IEnumerable<string> Numbered(string name) => Enumerable.Range(1, Labels).Select(i => $"{name} {i}");
}
