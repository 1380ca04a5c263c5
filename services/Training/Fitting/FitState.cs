using System.Text.Json;

namespace DemoVlp.Training.Fitting;

/// <summary>What a run knows of its validations, and what belongs to its weights; kept in the checkpoint, so that a run that is resumed chooses the same model and stops at the same pass.</summary>
internal sealed record FitState
{
    /// <summary>Passes done at the last validation; 0: there was none.</summary>
    public int Epoch { get; init; }

    public Dictionary<string, double>? Metrics { get; init; }

    /// <summary>Passes done at the best validation; 0: there was none.</summary>
    public int BestEpoch { get; init; }

    public double BestScore { get; init; }

    /// <summary>Passes done when the best score was first reached.</summary>
    public int ImprovedEpoch { get; init; }

    public Dictionary<string, double>? BestMetrics { get; init; }

    /// <summary>Threads that the weights were computed with; null in notes of earlier versions.</summary>
    public int? Threads { get; init; }

    /// <summary>Answers of the model under training by label; null in notes of earlier versions.</summary>
    public IReadOnlyList<string>? Answers { get; init; }

    /// <summary>The state after a validation. Of equal ones the last is the best: a few clips are soon all found, and what is learnt after that shows in others.</summary>
    public FitState After(int epoch, Dictionary<string, double> metrics, double score) => BestEpoch == 0 || score >= BestScore
        ? this with
        {
            Epoch = epoch, Metrics = metrics, BestEpoch = epoch, BestScore = score, BestMetrics = metrics, ImprovedEpoch = BestEpoch == 0 || score > BestScore ? epoch : ImprovedEpoch,
        }
        : this with { Epoch = epoch, Metrics = metrics };

    /// <summary>Whether so many passes have brought nothing better that it is not worth going on.</summary>
    public bool IsOutOfPatience(int? patience) => patience is { } passes && BestEpoch > 0 && Epoch - ImprovedEpoch >= passes;

    public string ToNote() => JsonSerializer.Serialize(this);

    public static FitState FromNote(string note)
    {
        if (note.Length == 0) return new FitState();
        var state = JsonSerializer.Deserialize<FitState>(note)!;
        // Notes of earlier versions do not have it: there the first of equal scores was the best.
        return state.ImprovedEpoch == 0 ? state with { ImprovedEpoch = state.BestEpoch } : state;
    }
}
