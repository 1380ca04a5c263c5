using DemoVlp.Artifacts;

namespace DemoVlp.RegionExtraction.Detectors;

/// <summary>
/// The detector used where none is configured: small, trained by this project on its Moving Shapes scenes, and part of this assembly. Of anything but
/// moving shapes its features tell pictures apart, and its labels mean nothing.
/// </summary>
internal static class BuiltInDetector
{
    /// <summary>Its name, in every region file and answer. Other weights need another name: what a store has under one is kept.</summary>
    public const string Name = "moving-shapes-2";

    private const string Key = $"detectors/{Name}";
    private const string ConfigFile = "config.json";

    // The configuration is written last: where it is, the detector is whole.
    private static readonly string[] Files = ["model.safetensors", "classes.txt", "attributes.txt", ConfigFile];

    /// <summary>Its folder; it is written there if it is not there yet.</summary>
    public static async Task<string> EnsureAsync(IArtifactStore store, CancellationToken cancellationToken)
    {
        if (await store.FindAsync($"{Key}/{ConfigFile}", "application/json", cancellationToken) is null)
            foreach (var file in Files) await WriteAsync(store, file, cancellationToken);
        return store.GetLocalDirectory(Key);
    }

    private static async Task WriteAsync(IArtifactStore store, string file, CancellationToken cancellationToken)
    {
        await using var content = typeof(BuiltInDetector).Assembly.GetManifestResourceStream($"BuiltIn/{Name}/{file}")
            ?? throw new InvalidOperationException($"The built-in detector's {file} is not part of the assembly.");
        await store.WriteAsync($"{Key}/{file}", "application/octet-stream", (stream, token) => content.CopyToAsync(stream, token), cancellationToken);
    }
}
