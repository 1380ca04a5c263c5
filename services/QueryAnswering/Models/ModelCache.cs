using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;

namespace DemoVlp.QueryAnswering.Models;

/// <summary>Loaded models by directory: each is loaded once, shared, and freed when nobody uses or needs it any more.</summary>
internal sealed class ModelCache(IArtifactStore artifacts, ComputeSettings compute, Inference inference) : IDisposable
{
    private readonly Lock access = new();
    private readonly Dictionary<(Type Kind, string Directory), Entry> entries = [];

    /// <summary>A retrieval model, to be given back by disposing of the lease.</summary>
    /// <exception cref="ModelFormatException">It cannot be used; <c>model-not-found</c> if there is none.</exception>
    public Task<ModelLease<RetrievalModel>> RetrievalAsync(string directory) => GetAsync(directory, RetrievalModel.Load);

    /// <summary>A question-answering model, likewise.</summary>
    /// <exception cref="ModelFormatException">It cannot be used; <c>model-not-found</c> if there is none.</exception>
    public Task<ModelLease<QuestionAnsweringModel>> QuestionAnsweringAsync(string directory) => GetAsync(directory, QuestionAnsweringModel.Load);

    /// <summary>Frees every model that nobody uses and whose directory is not in <paramref name="needed"/>.</summary>
    public void Release(IReadOnlySet<string> needed)
    {
        List<Entry> idle;
        lock (access)
        {
            var keys = entries.Where(e => e.Value.Uses == 0 && !needed.Contains(e.Key.Directory)).Select(e => e.Key).ToList();
            idle = [.. keys.Select(key => entries[key])];
            foreach (var key in keys) entries.Remove(key);
        }
        foreach (var entry in idle) entry.Dispose();
    }

    /// <summary>How many models are in memory.</summary>
    public int Count
    {
        get
        {
            lock (access) return entries.Count;
        }
    }

    public void Dispose()
    {
        lock (access)
        {
            foreach (var entry in entries.Values) entry.Dispose();
            entries.Clear();
        }
    }

    private async Task<ModelLease<T>> GetAsync<T>(string directory, Func<string, Device, ComputePrecision, T> load) where T : class, IDisposable
    {
        Entry entry;
        lock (access)
        {
            if (!entries.TryGetValue((typeof(T), directory), out entry!))
                entries[(typeof(T), directory)] = entry = new Entry(inference.RunIndexingAsync<IDisposable>(() => load(Locate(directory), compute.Device, compute.Precision), CancellationToken.None));
            entry.Uses++;
        }
        var lease = new Lease(this, entry);
        try
        {
            return new ModelLease<T>((T)await entry.Loading, lease);
        }
        catch
        {
            lease.Dispose();
            // What failed is tried again by the next who asks.
            lock (access)
                if (entries.TryGetValue((typeof(T), directory), out var current) && current == entry) entries.Remove((typeof(T), directory));
            throw;
        }
    }

    private string Locate(string directory)
    {
        try
        {
            return artifacts.GetLocalDirectory(directory);
        }
        catch (Exception e) when (e is ArtifactMissingException or ArgumentException)
        {
            throw new ModelFormatException("model-not-found", $"There is no model under '{directory}' in the store.", e);
        }
    }

    private sealed class Entry(Task<IDisposable> loading) : IDisposable
    {
        public Task<IDisposable> Loading => loading;
        public int Uses { get; set; }

        public void Dispose()
        {
            if (loading.IsCompletedSuccessfully) loading.Result.Dispose();
        }
    }

    private sealed class Lease(ModelCache cache, Entry entry) : IDisposable
    {
        private int given;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref given, 1) != 0) return;
            lock (cache.access) entry.Uses--;
        }
    }
}

/// <summary>A model in use; it stays in memory until this is disposed of.</summary>
internal sealed class ModelLease<T>(T model, IDisposable lease) : IDisposable where T : class
{
    /// <summary>The model.</summary>
    public T Model => model;

    /// <summary>Gives it back.</summary>
    public void Dispose() => lease.Dispose();
}
