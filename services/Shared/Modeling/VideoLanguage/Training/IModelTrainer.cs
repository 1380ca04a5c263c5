namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>What the trainers of all tasks have in common.</summary>
public interface IModelTrainer : IDisposable
{
    /// <summary>Key of <see cref="Note"/> in the metadata of a saved state.</summary>
    const string NoteKey = "note";

    /// <summary>Architecture.</summary>
    ModelConfig Config { get; }

    /// <summary>Steps done, those before a restored state included.</summary>
    long Steps { get; }

    /// <summary>Used by the next step; part of the saved state.</summary>
    double LearningRate { get; set; }

    /// <summary>Whatever the caller wants to find again with the state; part of the saved state. A state saved without one restores an empty note.</summary>
    string Note { get; set; }

    /// <summary>Writes the model as a directory that <see cref="ModelDirectory.Load"/> reads.</summary>
    void SaveModel(string directory, IReadOnlyList<string> vocabulary, IReadOnlyList<string>? answers = null);

    /// <summary>Writes weights, the optimiser's history, step, learning rate and note to one safetensors file.</summary>
    void SaveState(string path);

    /// <summary>Continues from a saved state; the options must be the same for the same bits.</summary>
    /// <exception cref="ModelFormatException"><c>safetensors-malformed</c>, <c>weights-mismatch</c> or <c>training-state-mismatch</c>.</exception>
    void RestoreState(string path);
}
