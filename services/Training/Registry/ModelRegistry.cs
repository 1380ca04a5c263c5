using DemoVlp.Artifacts;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Training.Data;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Registry;

/// <summary>The models there are, and which of them answers.</summary>
internal sealed class ModelRegistry(TrainingDbContext database, IArtifactStore artifacts)
{
    /// <summary>A model by version.</summary>
    public async Task<ModelRow?> FindAsync(string version, CancellationToken cancellationToken) =>
        // PostgreSQL takes no text with U+0000 in it, and no version has one.
        version.Contains('\0') ? null : await database.Models.AsNoTracking().SingleOrDefaultAsync(m => m.Version == version, cancellationToken);

    /// <summary>The version that answers a task; while nothing answers yet, the one that is about to. Null: there is none.</summary>
    public async Task<string?> ActiveVersionAsync(string task, CancellationToken cancellationToken)
    {
        var activations = database.Activations.Where(a => a.Task == task).OrderByDescending(a => a.ActivatedAt);
        return await activations.Where(a => a.State == ActivationState.Active).Select(a => a.ModelVersion).FirstOrDefaultAsync(cancellationToken)
            ?? await activations.Where(a => a.State == ActivationState.Pending).Select(a => a.ModelVersion).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Copies a model's directory into the store, with a card and the configuration last, then enters the model. A version that is there stays as it is.</summary>
    /// <returns>Whether the model is new.</returns>
    public async Task<bool> AddAsync(ModelRow model, string localDirectory, CancellationToken cancellationToken)
    {
        if (await database.Models.AnyAsync(m => m.Version == model.Version, cancellationToken)) return false;
        await WriteCardAsync(model, localDirectory, cancellationToken);
        foreach (var file in System.IO.Directory.GetFiles(localDirectory).OrderBy(f => f.EndsWith("config.json", StringComparison.Ordinal)))
        {
            await artifacts.WriteAsync($"{model.Directory}/{Path.GetFileName(file)}", "application/octet-stream", async (target, token) =>
            {
                await using var source = File.OpenRead(file);
                await source.CopyToAsync(target, token);
            }, cancellationToken);
        }
        database.Models.Add(model);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException)
        {
            // Another replica entered the same version first, having written the same files; anything else is a real fault.
            database.Entry(model).State = EntityState.Detached;
            if (await database.Models.AnyAsync(m => m.Version == model.Version, cancellationToken)) return false;
            throw;
        }
    }

    private async Task WriteCardAsync(ModelRow model, string localDirectory, CancellationToken cancellationToken)
    {
        var configFile = Path.Combine(localDirectory, "config.json");
        var sizes = File.Exists(configFile) ? ModelConfigurations.Describe(ModelConfig.Parse(await File.ReadAllTextAsync(configFile, cancellationToken))) : null;
        var run = model.RunId is { } id ? await database.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken) : null;
        await File.WriteAllTextAsync(Path.Combine(localDirectory, ModelCard.FileName), ModelCard.Write(model, sizes, run, []), cancellationToken);
    }
}
