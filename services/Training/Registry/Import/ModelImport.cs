using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;

namespace DemoVlp.Training.Registry.Import;

/// <summary>Makes a model of the registry from files of others, or from what a run has kept: converted, loaded once to see that it is whole, and only then entered.</summary>
internal sealed partial class ModelImport(ModelRegistry registry, KeptWeights kept, TimeProvider time)
{
    private const int LongestDescription = 1000, LongestLines = 64 << 20;

    // Two large models at once would want twice the memory.
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);

    private static readonly string[] SpecialPieces = ["[UNK]", "[CLS]", "[SEP]"];

    /// <summary>Imports a model.</summary>
    /// <param name="files">What to import.</param>
    /// <param name="workspace">A folder for files in between, the caller's to delete.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The model, and whether it is new: the same content without a name is the same model.</returns>
    /// <exception cref="ApiException">400 with the code of what is wrong with the files, or 409 <c>model-exists</c>.</exception>
    public async Task<(ModelRow Model, bool Created)> ImportAsync(ImportFiles files, string workspace, CancellationToken cancellationToken)
    {
        await CheckAsync(files, cancellationToken);
        await OneAtATime.WaitAsync(cancellationToken);
        try
        {
            var directory = Path.Combine(workspace, "imported");
            // On one thread from beginning to end: torch's scopes belong to a thread.
            var (config, sources, initialised) = await Task.Factory.StartNew(() => Convert(files, directory), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            var hash = await HashAsync(directory, cancellationToken);
            var version = files.Name ?? $"{config.Task}-{(files.Kept is null ? "imported" : "kept")}-{hash[..10]}";
            var row = new ModelRow
            {
                Version = version, Task = config.Task, Origin = files.Kept is null ? "imported" : "trained", RunId = files.Kept?.Run.Id,
                Directory = VideoArtifacts.Model(version), CreatedAt = time.GetUtcNow().UtcDateTime,
                Description = Describe(files, sources, hash, initialised),
            };
            if (await registry.AddAsync(row, directory, cancellationToken)) return (row, true);
            if (files.Name is not null) throw Exists(version);
            return ((await registry.FindAsync(version, cancellationToken))!, false);
        }
        catch (ModelFormatException e)
        {
            throw new ApiException(400, e.Code, e.Message);
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private async Task CheckAsync(ImportFiles files, CancellationToken cancellationToken)
    {
        if (files.Name is { } name)
        {
            if (!Version().IsMatch(name)) throw new ApiException(400, "bad-name", "A model's name has 1 to 64 small letters, digits, dots, dashes and underscores, and begins with a letter or digit.");
            if (await registry.FindAsync(name, cancellationToken) is not null) throw Exists(name);
        }
        if (files.Description?.Length > LongestDescription) throw new ApiException(400, "bad-description", $"A description has {LongestDescription} characters at most.");
        var parts = files.Checkpoint ?? files.DistilBert ?? files.Vit ?? files.Vocabulary ?? files.Answers;
        if ((files.Model is not null && parts is not null) || (files.Kept is not null && (files.Model ?? parts) is not null))
            throw new ApiException(400, "sources-contradict", "A model directory is complete, and so is what a run has kept; nothing else can be given with it.");
        if (files.Options is { NumFrames: < 1 or > 1024 } or { ObjectNum: < 1 or > 1024 } or { FeatureDim: < 1 or > 65536 } or { HeadWidth: < 1 or > 8192 })
            throw new ApiException(400, "config-invalid", "Frames and regions must be between 1 and 1024, featureDim between 1 and 65536, headWidth between 1 and 8192.");
    }

    private (ModelConfig Config, string Sources, int Initialised) Convert(ImportFiles files, string directory)
    {
        var (origin, initialised) = (files.Sources, 0);
        if (files.Kept is { } run) origin = kept.Write(run, directory);
        else if (files.Model is { } model) Copy(model, directory);
        else
        {
            var sources = new ImportSources
            {
                Checkpoint = files.Checkpoint, DistilBert = files.DistilBert, VisionTransformer = files.Vit, Vocabulary = Lines(files.Vocabulary, "vocabulary"), Answers = Lines(files.Answers, "answers"),
            };
            initialised = CheckpointImport.ToModelDirectory(sources, directory, files.Options).Initialised.Count;
        }
        using var loaded = ModelDirectory.Load(directory);
        // What no tokeniser could read would fail with the first query.
        if (SpecialPieces.Any(p => !loaded.Vocabulary.Contains(p)) || loaded.Vocabulary.Any(p => p.Length == 0) || loaded.Vocabulary.Distinct(StringComparer.Ordinal).Count() < loaded.Vocabulary.Count)
            throw new ModelFormatException("bad-vocabulary", "The vocabulary must hold [UNK], [CLS] and [SEP], no empty line and nothing twice.");
        return (loaded.Config, origin, initialised);
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var name in new[] { "config.json", "model.safetensors", "vocab.txt", "answers.txt" })
            if (File.Exists(Path.Combine(source, name))) File.Copy(Path.Combine(source, name), Path.Combine(target, name));
    }

    private static string[]? Lines(string? path, string what)
    {
        if (path is null) return null;
        if (!File.Exists(path) || new FileInfo(path).Length > LongestLines) throw new ModelFormatException("sources-missing", $"The {what} is no file, or too long.");
        var text = File.ReadAllText(path, Encoding.UTF8).Replace("\r\n", "\n", StringComparison.Ordinal);
        return (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
    }

    // Of all that decides what the model says.
    private static async Task<string> HashAsync(string directory, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in Directory.GetFiles(directory).Order(StringComparer.Ordinal))
        {
            await using var file = File.OpenRead(path);
            hash.AppendData(await SHA256.HashDataAsync(file, cancellationToken));
        }
        return System.Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Describe(ImportFiles files, string sources, string hash, int initialised)
    {
        var origin = string.Create(CultureInfo.InvariantCulture, $"Imported from {sources} (content {hash[..16]}).")
            + (initialised > 0 ? $" {initialised} of its tensors were in none of the files and are random: it has to be trained before it means anything." : "");
        return files.Description is { Length: > 0 } said ? $"{said} {origin}" : origin;
    }

    private static ApiException Exists(string version) => new(409, "model-exists", $"There is a model {version} already; a version never changes.");

    [GeneratedRegex(@"^[a-z0-9][a-z0-9._-]{0,63}\z")]
    private static partial Regex Version();
}
