using System.Collections.Concurrent;
using DemoVlp.Artifacts;

namespace DemoVlp.TextTokenization;

/// <summary>The word pieces of each model in use, read once: a model version never changes.</summary>
internal sealed class Vocabularies(IArtifactStore artifacts)
{
    private const int Kept = 16;
    private readonly ConcurrentDictionary<(string Version, string Directory), WordPieces> loaded = new();

    /// <exception cref="TokenizationException"><c>model-not-found</c> or <c>bad-vocabulary</c>.</exception>
    public WordPieces Get(string modelVersion, string modelDirectory)
    {
        if (loaded.TryGetValue((modelVersion, modelDirectory), out var known)) return known;
        string folder;
        try
        {
            folder = artifacts.GetLocalDirectory(modelDirectory);
        }
        catch (Exception e) when (e is ArtifactMissingException or ArgumentException)
        {
            throw new TokenizationException(TokenizationException.ModelNotFound, $"There is no model '{modelVersion}' in the store.");
        }
        // Old models are asked for no more; reading one again that still is costs milliseconds.
        if (loaded.Count >= Kept) loaded.Clear();
        return loaded[(modelVersion, modelDirectory)] = WordPieces.Load(Path.Combine(folder, "vocab.txt"));
    }
}
